import pytest

from opentact.kit.ids import new_id
from opentact.voice import causes
from opentact.voice.called_line import CalledLine
from opentact.voice.sdp.faults import SdpRefused
from opentact.voice.sdp.offer_answer import answer
from opentact.voice.sip.effects import HungUp, InfoReceived
from opentact.voice.testing import OFFER, PaperMediaLeg
from opentact.voice.testing_legs import PaperCallee
from support.virtual_time import settle, virtually


def replying(offer: bytes) -> bytes:
    return answer(offer, host="192.0.2.9", port=4000, session_id=1)[0]


async def talking() -> tuple[CalledLine, PaperCallee, PaperMediaLeg]:
    media = PaperMediaLeg(new_id())
    line = CalledLine(media)
    callee = PaperCallee("sip:bob@192.0.2.50", line.offer, {}, state="up")
    line.answered(callee, replying(line.offer))
    return line, callee, media


@virtually
async def test_who_answers_is_heard_where_its_answer_says() -> None:
    line, _, media = await talking()
    assert media.connected is not None
    assert media.connected.remote == ("192.0.2.9", 4000)
    assert line.audio.done()
    await line.close()


@virtually
async def test_an_answer_that_leaves_nothing_in_common_is_refused() -> None:
    line = CalledLine(PaperMediaLeg(new_id()))
    with pytest.raises(SdpRefused):
        line.answered(PaperCallee("sip:bob@192.0.2.50", b"", {}), OFFER.replace(b" 0 101", b" 9"))
    with pytest.raises(SdpRefused):
        line.answered(PaperCallee("sip:bob@192.0.2.50", b"", {}), None)
    await line.close()


@virtually
async def test_a_hold_and_a_new_address_of_the_peer_are_answered_here() -> None:
    line, callee, media = await talking()
    holds: list[bool] = []
    line.on_hold = holds.append
    callee.reoffers(OFFER + b"a=sendonly\r\n")
    assert callee.sent[-1][0] == "reanswer"
    assert b"a=recvonly" in callee.sent[-1][1]
    callee.reoffers(OFFER.replace(b"192.0.2.9", b"192.0.2.77"))
    assert holds == [True, False]
    assert media.connected is not None
    assert media.connected.remote[0] == "192.0.2.77"
    await line.close()


@virtually
async def test_what_we_cannot_meet_is_refused_and_the_call_goes_on() -> None:
    line, callee, _ = await talking()
    callee.reoffers(OFFER.replace(b" 0 101", b" 9"))
    assert callee.sent[-1] == ("refuse_reoffer", 488)
    assert line.over is None
    await line.close()


@virtually
async def test_we_hold_and_resume_by_offers_of_ours() -> None:
    line, callee, media = await talking()
    holds: list[bool] = []
    line.on_hold = holds.append
    line.hold()
    assert b"a=sendonly" in callee.sent[-1][1]
    callee.reanswers(replying(callee.sent[-1][1]))
    assert media.connected is not None
    assert not media.connected.receives
    line.resume()
    callee.reanswers(replying(callee.sent[-1][1]))
    assert media.connected.direction == "sendrecv"
    assert holds == []
    await line.close()


@virtually
async def test_keys_come_by_info_too() -> None:
    line, callee, media = await talking()
    callee._tell(InfoReceived("application/dtmf-relay", b"Signal=5\r\nDuration=160\r\n"))
    media.presses("6")
    await settle()
    assert (line.keys.take(), line.keys.take()) == ("5", "6")
    await line.close()


@virtually
async def test_who_hangs_up_is_not_hung_up() -> None:
    line, callee, _ = await talking()
    callee._tell(HungUp("Q.850;cause=16"))
    line.hang_up()
    assert (line.over, line.reason) == (causes.CALLEE_HUNG_UP, "Q.850;cause=16")
    assert callee.sent == []
    await line.close()
