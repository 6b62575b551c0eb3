from pathlib import Path

import pytest

from opentact.kit.ids import new_id
from opentact.voice import causes
from opentact.voice.line import CLOSE_S, Line, RecordEnd
from opentact.voice.media import MediaStats, Recorded, RecordFailed, RtpTimeout
from opentact.voice.sdp.faults import SdpRefused
from opentact.voice.sdp.offer_answer import answer
from opentact.voice.sip.effects import Failed
from opentact.voice.testing import OFFER, STATS, PaperLeg, PaperMediaLeg
from opentact.voice.testing_engines import PaperSpeech, told_by_url
from support.phone import Phone, app, call_for
from support.virtual_time import passes, settle, virtually

HOLD = OFFER + b"a=sendonly\r\n"
GARBAGE = b"hello"
G729 = OFFER.replace(b"AVP 0 101", b"AVP 18 101")


def the_answer_to(offer: bytes) -> bytes:
    return answer(offer, host="192.0.2.9", port=4000, session_id=1)[0]


def paper(**how: object) -> tuple[Line, PaperLeg, PaperMediaLeg]:
    leg, media = PaperLeg(**how), PaperMediaLeg(new_id())  # type: ignore[arg-type]
    return Line(leg, media), leg, media


@virtually
async def test_an_offer_is_answered_and_connected_when_the_call_is_picked_up() -> None:
    line, leg, media = paper()
    line.negotiate()
    assert media.connected is None
    line.pick_up()
    line.pick_up()
    assert [each[0] for each in leg.sent] == [200]
    assert media.connected is not None
    assert media.connected.remote == ("192.0.2.9", 4000)
    await line.close()


@virtually
@pytest.mark.parametrize("offer", [GARBAGE, G729])
async def test_an_offer_that_cannot_be_met_is_refused_before_anything_is_said(
    offer: bytes,
) -> None:
    line, leg, _ = paper(offer=offer)
    with pytest.raises(SdpRefused):
        line.negotiate()
    assert leg.sent == []
    await line.close()


@virtually
async def test_without_an_offer_we_make_ours_and_the_ack_answers_it() -> None:
    phone = await Phone(
        leg=PaperLeg(offer=None), static=b"<Response><Say>Hi</Say></Response>"
    ).ring()
    assert phone.statuses == [180, 200]
    assert phone.media.played == []
    await passes(3)
    phone.leg.acks(the_answer_to(phone.leg.sent[1][1]))
    await settle()
    assert phone.media.connected is not None
    assert phone.media.played == [("said Hi", 1)]
    assert (await phone.ended()).cause == "flow_ended"


@virtually
@pytest.mark.parametrize(
    ("sdp", "cause"),
    [(None, "bad_sdp"), (GARBAGE, "bad_sdp"), (G729, "no_common_codec")],
)
async def test_an_ack_that_does_not_answer_our_offer_ends_the_call(
    sdp: bytes | None, cause: str
) -> None:
    phone = await Phone(leg=PaperLeg(offer=None)).ring()
    phone.leg.acks(sdp)
    assert (await phone.ended()).cause == cause
    assert phone.statuses == [180, 200, "BYE"]


@virtually
async def test_an_ack_with_a_needless_sdp_changes_nothing() -> None:
    phone = await Phone().ring()
    before = phone.media.connected
    phone.leg.acks(GARBAGE)
    phone.leg.acks()
    await settle()
    assert phone.conversation.line.over is None
    assert phone.media.connected is before
    phone.leg.hangs_up()
    await phone.ended()


@virtually
async def test_a_caller_without_an_offer_hears_nothing_before_answer() -> None:
    phone = await call_for("<Say>Early</Say>", leg=PaperLeg(offer=None), app=app(auto_answer=False))
    assert (await phone.ended()).sip_status == 480
    assert phone.commands[0][2].startswith("nothing can be heard before Answer")


@virtually
async def test_hold_and_resume_reach_the_media() -> None:
    phone = await Phone().ring()
    for offer, direction in ((HOLD, "recvonly"), (OFFER, "sendrecv")):
        phone.leg.reoffers(offer)
        await settle()
        assert phone.leg.sent[-1][0] == "reanswer"
        assert phone.media.connected is not None
        assert phone.media.connected.direction == direction
    phone.leg.hangs_up()
    await phone.ended()


@virtually
@pytest.mark.parametrize(("offer", "status"), [(GARBAGE, 400), (G729, 488)])
async def test_a_re_invite_that_cannot_be_met_leaves_the_call_as_it_was(
    offer: bytes, status: int
) -> None:
    phone = await Phone().ring()
    before = phone.media.connected
    phone.leg.reoffers(offer)
    await settle()
    assert phone.leg.sent[-1] == ("refuse_reoffer", status)
    assert (phone.media.connected, phone.conversation.line.over) == (before, None)
    phone.leg.hangs_up()
    await phone.ended()


@virtually
async def test_a_re_invite_without_an_offer_gets_ours_and_its_ack_is_heeded() -> None:
    phone = await Phone().ring()
    phone.leg.reoffers(None)
    await settle()
    assert phone.leg.sent[-1] == ("reanswer", phone.leg.sent[1][1])
    elsewhere = the_answer_to(phone.leg.sent[-1][1]).replace(b"192.0.2.9", b"192.0.2.77")
    phone.leg.acks(elsewhere, again=True)
    await settle()
    assert phone.media.connected is not None
    assert phone.media.connected.remote[0] == "192.0.2.77"
    phone.leg.acks(GARBAGE, again=True)
    await settle()
    assert phone.conversation.line.over is None
    phone.leg.hangs_up()
    await phone.ended()


@virtually
async def test_a_caller_may_cancel_while_the_flow_is_fetched() -> None:
    phone = await Phone(
        app=app(call_flow_url="http://flow.test/"), fetcher=told_by_url(flow=[None])
    ).ring()
    phone.leg.cancels()
    call = await phone.ended()
    assert (call.cause, call.q850_cause_string) == ("caller_cancelled", "ORIGINATOR_CANCEL")
    assert (call.sip_status, phone.statuses) == (487, [180, 487])


@virtually
async def test_a_caller_may_cancel_before_anything_has_happened() -> None:
    leg = PaperLeg()
    leg.cancels()
    phone = await Phone(leg=leg).ring()
    assert (await phone.ended()).cause == "caller_cancelled"
    assert phone.statuses == [487]


@virtually
async def test_a_caller_may_cancel_early_media() -> None:
    phone = await call_for('<Say loop="9">Wait</Say>', app=app(auto_answer=False))
    phone.leg.cancels()
    assert (await phone.ended()).cause == "caller_cancelled"
    assert phone.statuses == [180, 183, 487]


@virtually
async def test_a_caller_may_cancel_while_a_text_is_made_into_speech() -> None:
    phone = await call_for(
        "<Say>Slow</Say>", app=app(auto_answer=False), speech=PaperSpeech(slow_s=20)
    )
    phone.leg.cancels()
    assert (await phone.ended()).cause == "caller_cancelled"
    assert phone.media.played == []


@virtually
async def test_an_answer_that_is_never_acknowledged_ends_the_call() -> None:
    phone = await Phone().ring()
    phone.leg.never_acks()
    call = await phone.ended()
    assert (call.cause, call.blame, call.sip_status) == ("no_ack", "caller", 200)


@virtually
async def test_a_stack_that_stops_ends_the_call() -> None:
    phone = await Phone().ring()
    phone.leg.events.put_nowait(Failed("closing"))
    assert (await phone.ended()).cause == "server_stopped"


@virtually
async def test_a_caller_who_falls_silent_on_the_wire_is_hung_up() -> None:
    phone = await Phone().ring()
    phone.media.events.put_nowait(RtpTimeout(60.0))
    call = await phone.ended()
    assert (call.cause, call.q850_cause_string) == ("no_rtp", "MEDIA_TIMEOUT")
    assert phone.statuses[-1] == "BYE"


@virtually
async def test_a_media_process_that_dies_ends_its_calls_and_fails_their_recordings() -> None:
    phone = await call_for('<RecordStart tag="a"/><Say loop="99">On and on</Say>')
    phone.media.dies()
    call = await phone.ended()
    assert (call.cause, call.blame) == ("media_gone", "us")
    last = phone.frames("call_record")[-1]["payload"]
    assert (last["state"], last["reason"]) == ("failed", "the media process died")
    assert phone.book.states.count(phone.call.state) == 1


@virtually
async def test_media_that_never_says_goodbye_does_not_hold_the_call() -> None:
    media = PaperMediaLeg(new_id(), hangs=True)
    phone = await call_for('<RecordStart tag="a"/><Pause/>', media=media)
    call = await phone.ended()
    assert call.media["packets_sent"] == 0
    assert call.destroy_on is not None
    assert call.hangup_on is not None
    assert (call.destroy_on - call.hangup_on).total_seconds() == CLOSE_S
    assert phone.frames("call_record")[-1]["payload"]["state"] == "failed"


@virtually
async def test_media_that_fails_to_close_costs_no_end() -> None:
    line, _, media = paper()
    media.close_fault = OSError("broken pipe")
    assert await line.close() == MediaStats()


@virtually
async def test_closing_twice_is_closing_once() -> None:
    line, _, _ = paper()
    line.negotiate()
    line.pick_up()
    ends: list[RecordEnd] = []
    line.record(Path("a.wav"), ends.append, max_ms=None, silence_ms=None)
    assert await line.close() == STATS
    assert await line.close() == STATS
    assert ends == [Recorded(1, 2000, 32_044, "closed")]


@virtually
async def test_the_first_cause_is_the_cause_and_is_told_once() -> None:
    line, _, _ = paper()
    told: list[int] = []
    line.on_over = lambda: told.append(1)
    line.end(causes.NO_RTP)
    line.end(causes.NO_ACK)
    assert (line.over, told) == (causes.NO_RTP, [1])
    await line.close()


@virtually
async def test_a_bug_in_hearing_ends_the_call_and_not_the_hearing() -> None:
    phone = await Phone().ring()
    phone.conversation.line.on_key = lambda key: key.no_such_thing  # type: ignore[attr-defined]
    phone.media.presses("1")
    assert (await phone.ended()).cause == "internal_error"


@virtually
async def test_what_ended_already_is_not_told_twice() -> None:
    line, _, media = paper()
    ends: list[RecordEnd] = []
    line._records[1] = ends.append
    media.events.put_nowait(RecordFailed(1, "disk full"))
    media.events.put_nowait(Recorded(1, 1, 1, "max"))
    await settle()
    await line.close()
    assert ends == [RecordFailed(1, "disk full")]
