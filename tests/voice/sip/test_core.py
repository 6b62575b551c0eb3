from opentact.voice.sip.core import Core, pause_of, sdp_of
from opentact.voice.sip.effects import Transmit
from opentact.voice.sip.routing import Identity
from voice.sip.samples import PEER, SDP, read_request, read_response, request
from voice.sip.wire import words


def core() -> Core:
    return Core(Identity("192.0.2.2", 5060, "me/1"), words("t"))


def test_the_outbox_is_emptied_by_taking() -> None:
    one = core()
    one.transmit(b"x", PEER)
    assert one.take() == [Transmit(b"x", PEER)]
    assert one.take() == []


def test_a_stateless_answer_has_the_same_tag_for_the_same_request_only() -> None:
    def tag(data: bytes) -> str | None:
        one = core()
        one.answer_at_once(read_request(data), PEER, 404)
        (effect,) = one.take()
        assert isinstance(effect, Transmit)
        return read_response(effect.data).recipient.tag

    assert tag(request()) == tag(request())
    assert tag(request()) != tag(request(branch="z9hG4bKtwo"))


def test_an_answer_without_a_way_back_goes_to_the_source() -> None:
    one = core()
    one.answer_at_once(read_request(request(via="nonsense")), PEER, 400)
    (effect,) = one.take()
    assert isinstance(effect, Transmit)
    assert effect.peer == PEER
    assert read_response(effect.data).first("server") == "me/1"


def test_branches_are_those_of_rfc_3261() -> None:
    assert core().branch() == "z9hG4bKt1"


def test_only_sdp_is_a_session_description() -> None:
    assert sdp_of(read_request(request(body=SDP))) == SDP
    assert sdp_of(read_request(request())) is None
    assert sdp_of(read_request(request("INVITE", "Content-Type: text/plain", body=b"x"))) is None


def test_callers_are_told_to_wait_for_different_times() -> None:
    pauses = {int(pause_of(read_request(request(call_id=f"call-{n}")))) for n in range(200)}
    assert pauses == set(range(11))
