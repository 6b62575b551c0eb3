from datetime import timedelta
from decimal import Decimal

from opentact.billing.rating import Rate
from opentact.voice import causes
from opentact.voice.endings import ending, entry, priced, told
from opentact.voice.media import MediaStats
from support.phone import card
from support.world import NOON


def test_an_answered_call_got_a_200_whatever_ended_it() -> None:
    assert ending(causes.NO_RTP, answered=True)["sip_status"] == 200
    assert ending(causes.NO_MEDIA)["sip_status"] == 503


def test_a_flows_own_words_go_before_ours_and_are_cut() -> None:
    assert ending(causes.FLOW_HUNG_UP)["reason"] == "The call flow hung up"
    assert ending(causes.FLOW_HUNG_UP, "x" * 5000)["reason"] == "x" * 500


def test_a_call_that_was_never_answered_has_no_price() -> None:
    call = card().call
    call.hangup_on = NOON
    assert priced(call, Rate(Decimal(1))) == {}
    assert entry(call) is None


def test_a_clock_that_went_back_makes_no_negative_call() -> None:
    call = card().call
    call.answer_on, call.hangup_on = NOON, NOON - timedelta(seconds=5)
    assert priced(call, Rate(Decimal(1)))["duration"] == 0


def test_the_entry_names_the_call() -> None:
    call = card().call
    call.price, call.duration = Decimal("0.02"), 61
    made = entry(call)
    assert made is not None
    assert (made.amount, made.ref_uuid) == (Decimal("-0.02"), call.uuid)
    assert made.description == "Call from +12025550199 to 12025550100, 61 s"


def test_what_went_through_the_media_is_told_by_name() -> None:
    assert told(MediaStats(lost=3))["lost"] == 3
