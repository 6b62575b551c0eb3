"""What the wire and customers do wrong; afterwards nothing is left, and each call ended once."""

import asyncio
import random
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from e2e.lossy import Harm, address_of, relay
from e2e.sounds import tone_file
from e2e.web import until
from opentact.app.platform import Platform
from opentact.app.serve import serving
from opentact.app.settings import load
from opentact.app.simulate import Caller, CallPlan
from support.live_server import Customer, Refused, customer
from support.peers import LOOPBACK, free_port
from support.sipp import run_sipp

RFC4475 = Path(__file__).parents[1] / "data" / "rfc4475"
WAITS = '<Response><Pause length="60000"/></Response>'
BRIEF = '<Response><Pause length="300"/><Hangup tag="end"/></Response>'


class Place:
    """A server inside the test's own loop, so that it can be looked into."""

    def __init__(self, platform: Platform, alice: Customer) -> None:
        self.platform = platform
        self.alice = alice
        self.sip = platform.settings.sip

    async def is_empty(self) -> bool:
        """Tell whether no call, no dialog and no media leg is left."""
        left = (self.platform.switchboard.live, self.platform.sip.snapshot()["dialogs"])
        return not any(left) and not self.platform.media.snapshot()

    async def emptied(self, seconds: float = 10) -> None:
        await until(self.is_empty, seconds)

    async def ends(self, number: int) -> list[str]:
        """Tell the cause of every call to the number, each of which must have ended once."""
        causes = []
        for call in await self.alice.calls(tn=number):
            events = await self.alice.events(call["uuid"])
            states = [e["payload"]["state"] for e in events if e["type"] == "call_state"]
            assert states.count("destroyed") == 1, states
            assert states[-1] == "destroyed"
            causes.append(call["cause"])
        return causes


@asynccontextmanager
async def open_place(folder: Path, **settings: Any) -> AsyncIterator[Place]:
    http = f"{LOOPBACK}:{free_port(socket.SOCK_STREAM)}"
    sip = f"{LOOPBACK}:{free_port()}"
    given = {"data": folder, "http": http, "sip": sip, "log_level": "error", **settings}
    async with serving(load(given, environ={})) as (platform, ready):
        assert ready.fresh is not None
        async with customer(http, ready.fresh["demo"]["token"]) as alice:
            yield Place(platform, alice)


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    async with open_place(tmp_path / "data", rtp_timeout=60) as opened:
        yield opened


async def test_garbage_does_not_disturb_calls(place: Place) -> None:
    number = await place.alice.number_with_flow(BRIEF)
    rng = random.Random(4475)
    messages = [path.read_bytes() for path in sorted(RFC4475.glob("*/*")) if path.is_file()]
    assert messages
    with socket.socket(type=socket.SOCK_DGRAM) as rude:
        rude.setblocking(False)  # noqa: FBT003 - the socket API's own
        calling = asyncio.create_task(
            run_sipp(
                "waiting_caller",
                place.sip,
                calls=20,
                rate=20,
                service=str(number),
                keys={"rtp_port": str(free_port())},
            )
        )
        while not calling.done():
            message = rng.choice(messages)
            cut = message[: rng.randrange(len(message))]
            noise = rng.randbytes(rng.randrange(1, 1400))
            for junk in (message, cut, noise, message.replace(b"a", b"\0")):
                rude.sendto(junk, place.platform.settings.sip_address)
            await asyncio.sleep(0.005)
        result = await calling
    assert (result.successful, result.failed) == (20, 0)
    await place.emptied(40)
    assert await place.ends(number) == ["flow_hung_up"] * 20
    assert place.platform.sip.counters.dropped["fault of ours"] == 0


async def test_calls_through_a_bad_network(place: Place) -> None:
    number = await place.alice.number_with_flow(BRIEF)
    harm = Harm(lost=8, doubled=15, delayed=15, cut=4)
    async with relay(place.platform.settings.sip_address, harm) as network:
        result = await run_sipp(
            "waiting_caller",
            address_of(network),
            calls=40,
            rate=20,
            service=str(number),
            keys={"rtp_port": str(free_port())},
            timeout=50,
        )
    assert network.harmed > 40
    assert result.successful >= 32  # the rest lost all repeats of something
    await place.emptied(45)
    assert len(await place.ends(number)) >= result.successful


async def test_an_invite_without_an_offer_is_answered_with_ours(place: Place) -> None:
    number = await place.alice.number_with_flow(BRIEF)
    result = await run_sipp("late_offer", place.sip, service=str(number))
    assert (result.successful, result.failed) == (1, 0)
    await place.emptied()
    assert await place.ends(number) == ["flow_hung_up"]


async def test_no_common_codec_is_488_and_on_record(place: Place) -> None:
    number = await place.alice.number_with_flow(BRIEF)
    result = await run_sipp("no_codec", place.sip, service=str(number))
    assert (result.successful, result.failed) == (1, 0)
    await place.alice.ended(number)
    await place.emptied()
    assert await place.ends(number) == ["no_common_codec"]


async def test_an_answer_that_is_never_acknowledged_ends_after_32_seconds(place: Place) -> None:
    number = await place.alice.number_with_flow(WAITS)
    result = await run_sipp("no_ack", place.sip, service=str(number), timeout=45)
    assert result.successful == 1
    await place.emptied()
    assert await place.ends(number) == ["no_ack"]


@pytest.mark.parametrize("after_ms", [0, 5, 200])
async def test_a_caller_who_gives_up(place: Place, after_ms: int) -> None:
    number = await place.alice.number_with_flow(WAITS, auto_answer=False)
    result = await run_sipp(
        "cancelling_caller", place.sip, calls=10, rate=50, service=str(number), hold_ms=after_ms
    )
    assert (result.successful, result.failed) == (10, 0)
    await place.emptied()
    assert await place.ends(number) == ["caller_cancelled"] * 10


async def test_a_caller_holds_and_comes_back(place: Place) -> None:
    flow = '<Response><Pause length="2500"/><Hangup/></Response>'
    number = await place.alice.number_with_flow(flow)
    result = await run_sipp("holding_caller", place.sip, service=str(number))
    assert (result.successful, result.failed) == (1, 0), result.errors
    await place.emptied()
    assert await place.ends(number) == ["flow_hung_up"]


async def test_a_caller_who_sends_no_audio_is_hung_up_on(tmp_path: Path) -> None:
    async with open_place(tmp_path / "data", rtp_timeout=2) as place:
        number = await place.alice.number_with_flow(WAITS)
        result = await run_sipp(
            "waiting_caller", place.sip, service=str(number), keys={"rtp_port": str(free_port())}
        )
        assert result.successful == 1
        await place.emptied()
        assert await place.ends(number) == ["no_rtp"]


async def test_a_caller_who_never_hangs_up_is_hung_up_on(place: Place) -> None:
    number = await place.alice.number_with_flow(WAITS, max_call_length_min=1)
    plan = CallPlan("+12015550123", str(number), place.platform.settings.sip_address)
    calling = asyncio.create_task(Caller(plan).run())
    outcome = await asyncio.wait_for(calling, 75)
    assert outcome.talked == pytest.approx(60, abs=3)
    await place.emptied()
    assert await place.ends(number) == ["max_length"]


async def test_audio_from_somebody_else_is_not_recorded(place: Place, tmp_path: Path) -> None:
    flow = '<Response><Record tag="r"><Pause length="4000"/></Record></Response>'
    number = await place.alice.number_with_flow(flow)
    plan = CallPlan(
        "+12015550123",
        str(number),
        place.platform.settings.sip_address,
        audio=tone_file(tmp_path, 700, 1),
        first_key_after=0.2,
    )
    calling = asyncio.create_task(Caller(plan).run())
    legs = await until(_legs(place))
    with socket.socket(type=socket.SOCK_DGRAM) as spoofer:
        await asyncio.sleep(0.5)
        for number_ in range(150):
            header = (
                bytes([0x80, 0]) + number_.to_bytes(2, "big") + (160 * number_).to_bytes(4, "big")
            )
            spoofer.sendto(header + b"evil" + b"\x10" * 160, (legs[0]["host"], legs[0]["port"]))
            await asyncio.sleep(0.01)
    await calling
    record = await place.alice.ended(number)
    [recording] = record["records"]
    sound = (await place.alice.client.get(recording["url"])).content
    body = sound[44:]
    # 0x10 in PCMU is a loud constant; the caller says a tone, and silence around it.
    assert body.count((-15996).to_bytes(2, "little", signed=True) * 80) == 0
    await place.emptied()


BOMB = (
    b'<!DOCTYPE r [<!ENTITY a "aaaaaaaaaa">'
    + b"".join(b'<!ENTITY %c "%s">' % (98 + i, b"&%c;" % (97 + i) * 10) for i in range(9))
    + b"]><Response><Say>&j;</Say></Response>"
)


@pytest.mark.parametrize(
    "document",
    [
        BOMB,
        b"<Response>" + b"<Gather>" * 100 + b"</Gather>" * 100 + b"</Response>",
        b"<Response><Explode/></Response>",
        b"<Response>" + b"<Pause/>" * 100_000 + b"</Response>",
        b"\xff\xfe\x00",
        b"",
    ],
    ids=["bomb", "100 deep", "unknown verb", "too large", "no text", "nothing"],
)
async def test_a_bad_flow_posted_to_a_live_call_is_refused_and_the_call_goes_on(
    place: Place, document: bytes
) -> None:
    number = await place.alice.number_with_flow(WAITS)
    plan = CallPlan("+12015550123", str(number), place.platform.settings.sip_address)
    calling = asyncio.create_task(Caller(plan).run())
    [call] = await until(place.alice.online)
    with pytest.raises(Refused) as refused:
        await place.alice.post_xml(f"/rest/call/sca/{call['uuid']}", document)
    assert 400 <= refused.value.status < 500
    await place.alice.run_on_call(call["uuid"], '<Response><Hangup tag="well"/></Response>')
    await calling
    await place.emptied()
    assert await place.ends(number) == ["flow_hung_up"]


def _legs(place: Place) -> Any:
    async def legs() -> list[Any]:
        return place.platform.media.snapshot()

    return legs
