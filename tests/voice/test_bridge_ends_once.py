"""Both records of a bridged call end once, in whatever order its ends and its media act."""

from collections.abc import Callable
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from opentact.voice import causes
from opentact.voice.calls import CallState
from opentact.voice.testing import OFFER
from support.bridged import HELD, LIFE, Bridged
from support.virtual_time import passes, play, settle

DEEDS: dict[str, Callable[[Bridged], object]] = {
    "caller cancels": lambda one: one.leg.cancels(),
    "caller hangs up": lambda one: one.leg.hangs_up(),
    "caller never acks": lambda one: one.leg.never_acks(),
    "caller holds": lambda one: one.leg.reoffers(HELD),
    "first rings": lambda one: one.dialler.legs[0].rings(),
    "first plays": lambda one: one.dialler.legs[0].rings(183, OFFER),
    "first answers": lambda one: one.dialler.legs[0].answers(),
    "first answers badly": lambda one: one.dialler.legs[0].answers(b"garbage"),
    "first is busy": lambda one: one.dialler.legs[0].refuses(486),
    "first fails": lambda one: one.dialler.legs[0].refuses(503),
    "last rings": lambda one: one.callee.rings(),
    "last answers": lambda one: one.callee.answers(),
    "last is silent": lambda one: one.callee.is_silent(),
    "last hangs up": lambda one: one.callee.hangs_up(),
    "last reanswers": lambda one: one.callee.reanswers(),
    "the API hangs up": lambda one: one.bridge.end(causes.API_HUNG_UP),
    "the media die": lambda one: one.lose_media(),
}


@settings(max_examples=150, deadline=None)
@given(
    deeds=st.lists(st.sampled_from(sorted(DEEDS)) | st.floats(0.1, 200.0), max_size=12),
    proxy=st.booleans(),
    stages=st.sampled_from((("b",), ("bc",), ("b", "c"), ("bc", "d"))),
)
def test_whatever_happens_both_records_end_once(
    deeds: list[Any],
    proxy: bool,  # noqa: FBT001 - drawn
    stages: tuple[str, ...],
) -> None:
    async def live() -> None:
        one = await Bridged().begin(*stages, proxy=proxy)
        for deed in deeds:
            if isinstance(deed, float):
                await passes(deed)
            else:
                DEEDS[deed](one)
            await settle(5)
        one.bridge.end(causes.SERVER_STOPPED)
        await one.over()
        for card in one.cards:
            life = one.life(card)
            assert life == [state for state in LIFE if state in life]
            assert life[-2:] == ["hangup", "destroyed"]
            assert card.call.state is CallState.DESTROYED
            assert card.call.cause
        assert one.incoming.call.cause == one.outgoing.call.cause
        assert (one.ticket.closed, one.closed) == (1, 1)
        assert one.leg.state == "over"
        assert all(leg.state == "over" for leg in one.dialler.legs)
        finals = [each for each in one.leg.sent if each[0] in range(200, 700)]
        assert len(finals) <= 1
        assert all(leg.closed for leg in one.media.legs)

    play(live())
