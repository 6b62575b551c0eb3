from decimal import Decimal
from gc import collect
from weakref import ref

import pytest

from opentact.billing.rating import Rate
from opentact.voice.calls import CallState
from opentact.voice.live_calls import CallIsOver
from opentact.voice.testing import PaperLeg
from opentact.voice.testing_engines import PaperJournal, told_by_url
from support.phone import OpenBook, Phone, app, call_for, flow
from support.virtual_time import passes, play, settle, virtually

WHOLE = [*(CallState(each) for each in ["init", "ringing", "live", "hangup", "destroyed"])]
UNANSWERED = [state for state in WHOLE if state is not CallState.LIVE]


@virtually
async def test_a_call_is_answered_hears_its_flow_and_is_hung_up() -> None:
    phone = await call_for("<Say>Hello</Say><Play>http://a.test/b.wav</Play>")
    call = await phone.ended()
    assert phone.statuses == [180, 200, "BYE"]
    assert phone.media.played == [("said Hello", 1), ("http:/a.test/b.wav", 1)]
    assert phone.book.states == WHOLE
    assert (call.cause, call.q850_cause, call.sip_status) == ("flow_ended", 16, 200)
    assert (call.duration, call.media["packets_sent"]) == (2, 50)
    assert phone.media.closed


@virtually
async def test_the_frames_of_a_call_are_numbered_and_show_what_was_true_then() -> None:
    phone = await call_for("<Say>Hello</Say>")
    await phone.ended()
    frames = phone.book.log.frames
    assert [frame["seq"] for frame in frames] == list(range(1, len(frames) + 1))
    states = {f["payload"]["state"]: f["call"] for f in phone.frames("call_state")}
    assert "q850_cause" not in states["live"]
    assert states["hangup"]["duration"] == 1
    assert states["hangup"]["q850_cause"] == 16


@virtually
async def test_the_row_is_stored_before_anyone_hears_of_the_call() -> None:
    phone = await call_for("<Say>Hello</Say>", book=OpenBook(PaperJournal(OSError("disk full"))))
    with pytest.raises(OSError, match="disk full"):
        await phone.ended()
    assert phone.statuses == [500]
    assert phone.book.states == UNANSWERED
    assert phone.call.cause == "internal_error"


@virtually
async def test_a_call_without_a_flow_is_parked_for_thirty_seconds() -> None:
    phone = await Phone().ring()
    await passes(29.9)
    assert not phone.task.done()
    call = await phone.ended()
    assert (call.q850_cause, call.q850_cause_string) == (102, "RECOVERY_ON_TIMER_EXPIRE")
    assert "call timed out" in (call.reason or "")
    assert call.duration == 30
    assert phone.commands == [("Park", True, "waiting for a call flow")]


@virtually
async def test_a_parked_call_runs_the_flow_that_is_posted() -> None:
    phone = await Phone().ring()
    await passes(10)
    phone.conversation.replace(flow("<Say>At last</Say>"))
    call = await phone.ended()
    assert phone.media.played == [("said At last", 1)]
    assert (call.cause, call.duration) == ("flow_ended", 11)


@virtually
async def test_a_posted_flow_replaces_what_runs() -> None:
    phone = await call_for('<Pause length="60000"/><Say>Never</Say>')
    await passes(5)
    phone.conversation.replace(flow("<Say>Instead</Say>"))
    call = await phone.ended()
    assert phone.media.played == [("said Instead", 1)]
    assert call.duration == 6
    assert phone.commands[0] == ("Pause[0]", False, "replaced by a posted call flow")


@virtually
async def test_of_two_flows_posted_at_once_the_later_runs() -> None:
    phone = await Phone().ring()
    phone.conversation.replace(flow("<Say>One</Say>"))
    phone.conversation.replace(flow("<Say>Two</Say>"))
    await phone.ended()
    assert phone.media.played == [("said Two", 1)]


@virtually
async def test_flows_posted_one_after_the_other_each_stop_the_one_before() -> None:
    phone = await Phone().ring()
    for each in range(3):
        phone.conversation.replace(flow(f'<Say loop="9">{each}</Say>'))
        await passes(2)
    phone.conversation.replace(flow("<Hangup/>"))
    await phone.ended()
    assert [said for said, _ in phone.media.played] == ["said 0", "said 1", "said 2"]


@virtually
async def test_a_flow_posted_while_the_url_is_asked_makes_its_answer_unneeded() -> None:
    fetcher = told_by_url(flow=[None])
    phone = await Phone(app=app(call_flow_url="http://flow.test/"), fetcher=fetcher).ring()
    phone.conversation.replace(flow("<Say>Posted</Say>"))
    await phone.ended()
    assert phone.media.played == [("said Posted", 1)]


@virtually
async def test_a_flow_posted_as_the_call_ends_is_too_late() -> None:
    phone = await call_for('<Pause length="60000"/>')
    phone.conversation.hang_up()
    with pytest.raises(CallIsOver):
        phone.conversation.replace(flow("<Say>Hello?</Say>"))
    assert (await phone.ended()).cause == "api_hung_up"
    with pytest.raises(CallIsOver):
        phone.conversation.replace(flow("<Say>Hello?</Say>"))


@virtually
async def test_without_auto_answer_a_prompt_is_early_media() -> None:
    phone = await call_for("<Say>Hello</Say><Answer/><Say>There</Say>", app=app(auto_answer=False))
    call = await phone.ended()
    assert phone.statuses == [180, 183, 200, "BYE"]
    assert phone.leg.sent[1][1] == phone.leg.sent[2][1]
    assert [said for said, _ in phone.media.played] == ["said Hello", "said There"]
    assert call.duration == 1


@virtually
async def test_a_flow_that_never_answers_refuses_the_call() -> None:
    phone = await call_for("<Say>We are closed</Say>", app=app(auto_answer=False))
    call = await phone.ended()
    assert phone.statuses == [180, 183, 480]
    assert phone.leg.reason == 'Q.850;cause=16;text="The call flow came to its end"'
    assert (call.sip_status, call.answer_on, call.billed_seconds) == (480, None, 0)
    assert phone.book.states == UNANSWERED


@virtually
async def test_a_hangup_before_answer_refuses_the_call() -> None:
    phone = await call_for('<Hangup tag="closed"/>', app=app(auto_answer=False))
    call = await phone.ended()
    assert phone.statuses == [180, 480]
    assert (call.cause, call.reason) == ("flow_hung_up", "The call flow hung up: closed")


@virtually
async def test_a_flow_may_not_ring_for_ever() -> None:
    phone = await call_for('<Pause length="3600000"/>', app=app(auto_answer=False))
    call = await phone.ended()
    assert (call.cause, call.q850_cause_string) == ("not_answered", "NO_ANSWER")
    assert phone.statuses == [180, 480]


@virtually
async def test_an_answered_call_may_be_long() -> None:
    phone = await call_for('<Pause length="3600000"/>')
    assert (await phone.ended()).duration == 3600


@virtually
async def test_a_call_that_no_flow_can_be_had_for_is_answered_with_an_apology() -> None:
    phone = await call_for("<Nonsense/>", app=app(auto_answer=False))
    call = await phone.ended()
    assert phone.statuses == [180, 200, "BYE"]
    assert "sorry" in phone.media.played[0][0]
    assert (call.cause, call.q850_cause) == ("flow_failed", 41)
    assert phone.commands[0][:2] == ("static_call_flow", False)


@virtually
async def test_a_posted_flow_ends_an_apology() -> None:
    phone = await call_for("<Nonsense/>")
    phone.conversation.replace(flow("<Say>Mended</Say>"))
    assert (await phone.ended()).cause == "flow_ended"


@virtually
async def test_a_command_that_fails_does_not_end_the_call() -> None:
    phone = await call_for('<Play record="none"/><Say>On we go</Say>')
    assert (await phone.ended()).cause == "flow_ended"
    failed = ("Play[0]", False, "there is no recording with the tag 'none' in this call")
    assert phone.commands[0] == failed
    assert phone.media.played == [("said On we go", 1)]


@virtually
async def test_a_flow_that_breaks_a_limit_ends_the_call_and_says_why() -> None:
    again = b'<Response><Callback url="http://flow.test/"/></Response>'
    phone = Phone(static=again, fetcher=told_by_url(flow=[again]))
    call = await (await phone.ring()).ended()
    assert call.cause == "flow_error"
    assert "100 fetches per call" in (call.reason or "")
    assert len(phone.fetcher.asked) == 100


@virtually
async def test_a_mistake_of_ours_ends_the_call_once_as_ours() -> None:
    phone = Phone(static=b"<Response><Say>Hello</Say></Response>")
    phone.speech.fault = ZeroDivisionError("a bug")
    call = await (await phone.ring()).ended()
    assert (call.cause, call.blame) == ("internal_error", "us")
    assert phone.book.states == WHOLE


@virtually
async def test_a_leg_that_fails_at_hangup_costs_no_end() -> None:
    class Broken(PaperLeg):
        def hangup(self, *, reason: str | None = None) -> None:
            raise ValueError(reason)

    phone = await call_for("<Hangup/>", leg=Broken())
    await phone.ended()
    assert phone.book.states == WHOLE


@virtually
async def test_a_call_ends_after_its_longest_time() -> None:
    phone = await call_for('<Pause length="3600000"/>', app=app(max_call_length_min=2))
    call = await phone.ended()
    assert (call.cause, call.duration) == ("max_length", 120)


@virtually
async def test_a_call_ends_when_its_credit_is_used_up() -> None:
    rate = Rate(Decimal("0.01"))
    phone = await call_for('<Pause length="3600000"/>', rate=rate, balance="0.02999")
    call = await phone.ended()
    assert (call.cause, call.duration, call.price) == ("credit_used_up", 120, Decimal("0.02"))
    assert [entry.amount for entry in phone.book.charges] == [Decimal("-0.02")]


@virtually
async def test_a_call_that_costs_nothing_is_not_charged() -> None:
    phone = await call_for("<Hangup/>")
    assert (await phone.ended()).billed_seconds == 60
    assert phone.book.charges == []


@virtually
async def test_an_unanswered_call_is_not_charged() -> None:
    phone = await call_for(
        "<Hangup/>", app=app(auto_answer=False), rate=Rate(Decimal("0.01")), balance="9"
    )
    assert (await phone.ended()).price == 0
    assert phone.book.charges == []


@virtually
async def test_no_timer_outlives_its_call() -> None:
    phone = await call_for("<Hangup/>", app=app(max_call_length_min=60))
    call = await phone.ended()
    reason = call.reason
    await passes(7200)
    assert call.reason == reason


async def _one_call() -> "list[ref[object]]":
    phone = await call_for('<Record tag="a"><Pause length="500"/></Record><Play record="a"/>')
    watched: list[ref[object]] = [ref(phone.conversation), ref(phone.conversation.line)]
    await phone.ended()
    return watched


def test_nothing_keeps_a_call_that_is_over() -> None:
    async def watch() -> None:
        watched = await _one_call()
        await settle()
        collect()
        assert [each() for each in watched] == [None, None]

    play(watch())


@virtually
async def test_a_flow_without_waits_gives_others_their_turn() -> None:
    phone = await call_for("<Answer/>" * 200 + '<Pause length="1000"/>')
    assert 0 < len(phone.commands) < 200
    await phone.ended()
    assert len(phone.commands) == 201


@virtually
@pytest.mark.parametrize(("zone", "said"), [("America/New_York", "Morning"), ("UTC", "Noon")])
async def test_a_schedule_looks_at_the_clock_of_the_account(zone: str, said: str) -> None:
    phone = await call_for(
        '<Schedule dow="tue" time="06:00:00-11:59:59"><Say>Morning</Say><Hangup/></Schedule>'
        "<Say>Noon</Say>",
        time_zone=zone,
    )
    await phone.ended()
    assert phone.media.played == [(f"said {said}", 1)]
