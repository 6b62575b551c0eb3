"""The simulated carrier against a far end of this process: real SIP and RTP on loopback."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from adapters.media.contract import event, write_raw
from adapters.media.peer import tone
from opentact.adapters.media.inline import InlineMedia
from opentact.adapters.media.settings import MediaSettings
from opentact.adapters.sip.endpoint import SipEndpoint
from opentact.adapters.sip.legs import IncomingLeg
from opentact.app import simulate
from opentact.app.simulate import Caller, CallOutcome, CallPlan
from opentact.kit.ids import new_id
from opentact.voice.media import DigitHeard, MediaLeg, Played
from opentact.voice.sdp.offer_answer import answer
from opentact.voice.sip.effects import Cancelled, HungUp, LegEvent
from support.peers import LOOPBACK, free_ports

FIRST = free_ports(40)
NEAR, FAR = (FIRST, FIRST + 19), (FIRST + 20, FIRST + 39)


class FarEnd:
    """What answers. `rung` has the leg of a call as soon as it is there."""

    def __init__(
        self, endpoint: SipEndpoint, media: InlineMedia, rung: "asyncio.Queue[IncomingLeg]"
    ) -> None:
        self.endpoint, self.media, self.rung = endpoint, media, rung

    async def answered(self) -> tuple[IncomingLeg, MediaLeg]:
        """Ring, then answer the call that comes, with media."""
        leg = await self.rung.get()
        leg.ring()
        sound = await self.media.open(new_id(), LOOPBACK)
        assert leg.offer is not None
        ours, agreed = answer(leg.offer, host=sound.host, port=sound.port, session_id=2)
        sound.connect(agreed)
        leg.answer(ours)
        return leg, sound


@pytest.fixture
async def far_end() -> AsyncIterator[FarEnd]:
    media = InlineMedia(MediaSettings(first_port=FAR[0], last_port=FAR[1]))
    rung: asyncio.Queue[IncomingLeg] = asyncio.Queue()
    endpoint = await SipEndpoint.open(LOOPBACK, 0, on_call=rung.put_nowait)
    yield FarEnd(endpoint, media, rung)
    await endpoint.close(grace=0.2)
    await media.close()


@asynccontextmanager
async def calling(far_end: FarEnd, **plan: object) -> AsyncIterator["asyncio.Task[CallOutcome]"]:
    """Place the call that is planned; it ends within ten seconds, or the test fails."""
    call = CallPlan(
        caller="+12015550123",
        called="12015550100",
        server=far_end.endpoint.local[:2],
        media_ports=NEAR,
        first_key_after=0.0,
    )
    for name, value in plan.items():
        setattr(call, name, value)
    async with asyncio.timeout(10):
        running = asyncio.create_task(Caller(call).run())
        try:
            yield running
        finally:
            running.cancel()


async def until(leg: IncomingLeg, kind: type[LegEvent]) -> None:
    while not isinstance(await leg.events.get(), kind):
        pass


async def test_a_call_that_is_answered_and_ended_by_the_far_end(
    far_end: FarEnd, tmp_path: Path
) -> None:
    async with calling(far_end) as running:
        leg, sound = await far_end.answered()
        sound.play(1, write_raw(tmp_path / "hello.raw", tone(440, 0.6)))
        await event(sound, Played)
        leg.hangup(reason='Q.850;cause=16;text="done"')
        outcome = await running
    assert (outcome.status, outcome.ended_by) == (200, "the platform hung up")
    assert outcome.reason == 'Q.850;cause=16;text="done"'
    assert outcome.rang_after is not None
    assert outcome.answered_after is not None
    assert outcome.rang_after <= outcome.answered_after
    assert outcome.talked >= 0.5
    assert outcome.heard_seconds == pytest.approx(0.6, abs=0.2)
    assert outcome.stats.packets_received > 20


async def test_its_keys_are_heard_in_their_order_and_those_of_the_far_end_by_it(
    far_end: FarEnd, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(simulate, "PAUSE_S", 0.0)
    async with calling(far_end, digits="1,2#") as running:
        leg, sound = await far_end.answered()
        sound.send_digits(1, "9")
        heard = ""
        while len(heard) < 3:
            heard += (await event(sound, DigitHeard)).digit
        leg.hangup()
        outcome = await running
    assert heard == "12#"
    assert outcome.digits_heard == "9"


async def test_after_its_time_the_caller_hangs_up(far_end: FarEnd) -> None:
    async with calling(far_end, seconds=0.2) as running:
        leg, _ = await far_end.answered()
        await until(leg, HungUp)
        outcome = await running
    assert outcome.ended_by == "the caller hung up"
    assert outcome.talked >= 0.2


async def test_a_call_that_rings_without_end_is_given_up(
    far_end: FarEnd, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(simulate, "RING_S", 0.2)
    async with calling(far_end) as running:
        leg = await far_end.rung.get()
        leg.ring()
        await until(leg, Cancelled)
        outcome = await running
    assert (outcome.status, outcome.answered_after) == (None, None)
    assert outcome.ended_by == "the caller gave up ringing"
    assert (outcome.talked, outcome.heard_seconds) == (0, 0)
