from datetime import timedelta
from decimal import Decimal

from opentact.billing.ledger import RefType
from opentact.billing.rating import Rate
from opentact.voice import causes
from opentact.voice.calls import CallState, Direction
from opentact.voice.cdr import Cdr
from support.phone import OpenBook, card
from support.virtual_time import LoopClock, passes, virtually

S = CallState


def record(rate: str = "0") -> tuple[Cdr, OpenBook]:
    book = OpenBook()
    return Cdr(card(), Rate(Decimal(rate)), book, LoopClock()), book


@virtually
async def test_states_come_in_their_order_and_none_twice() -> None:
    cdr, book = record()
    cdr.rings()
    assert book.states == []
    cdr.opens()
    cdr.answers(sip_call_id="abc")
    cdr.rings()
    cdr.answers()
    cdr.joins()
    cdr.joins()
    cdr.hangs_up(causes.CALLER_HUNG_UP)
    cdr.hangs_up(causes.INTERNAL)
    cdr.closes()
    cdr.closes()
    assert book.states == [S.INIT, S.LIVE, S.BRIDGED, S.HANGUP, S.DESTROYED]
    call = cdr.card.call
    assert (call.cause, call.sip_call_id, call.ring_on) == ("caller_hung_up", "abc", None)
    assert not cdr.is_open


@virtually
async def test_talk_is_charged_once_by_its_direction() -> None:
    for direction, ref in (
        (Direction.IN, RefType.VOICE_INCOMING),
        (Direction.OUT, RefType.VOICE_OUTGOING),
    ):
        cdr, book = record("0.6")
        cdr.card.call.direction = direction
        cdr.opens()
        cdr.answers()
        await passes(61)
        cdr.hangs_up(causes.CALLEE_HUNG_UP)
        cdr.closes({"packets_sent": 1})
        cdr.closes()
        [charge] = book.charges
        assert (charge.amount, charge.ref_type) == (Decimal("-1.2"), ref)
        call = cdr.card.call
        assert (call.duration, call.billed_seconds, call.media) == (61, 120, {"packets_sent": 1})
        assert call.hangup_on - call.answer_on == timedelta(seconds=61)  # type: ignore[operator]


@virtually
async def test_what_was_never_answered_costs_nothing_and_says_its_status() -> None:
    cdr, book = record("0.6")
    cdr.opens()
    cdr.rings()
    cdr.hangs_up(causes.BUSY, "The callee is on another call")
    cdr.closes()
    call = cdr.card.call
    assert (call.sip_status, call.price, call.reason) == (
        486,
        Decimal(0),
        "The callee is on another call",
    )
    assert book.charges == []
