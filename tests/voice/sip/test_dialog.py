import pytest

from opentact.voice.sip.dialog import Dialog
from opentact.voice.sip.headers import NameAddr
from opentact.voice.sip.machine import Address
from opentact.voice.sip.routing import Identity
from voice.sip.samples import PEER, read_request, read_response, request, response

ME = Identity("192.0.2.2", 5060)
ROUTES = ("Record-Route: <sip:p1.example.com;lr>, <sip:192.0.2.50:5070;lr>",)


def callee(*more: str, without: str = "") -> Dialog:
    invite = read_request(request("INVITE", *more, without=without))
    return Dialog.of_callee(invite, "ours", PEER)


def test_the_callee_takes_the_route_set_in_order() -> None:
    dialog = callee(*ROUTES)
    assert dialog.routes == ("<sip:p1.example.com;lr>", "<sip:192.0.2.50:5070;lr>")
    assert dialog.target == "sip:ann@192.0.2.9:5062"


def test_the_caller_takes_the_route_set_in_reverse() -> None:
    answer = read_response(response(200, *ROUTES))
    dialog = Dialog.of_caller(answer, "<sip:bob@192.0.2.2>;tag=ours", "sip:ann@x", PEER)
    assert dialog.routes == ("<sip:192.0.2.50:5070;lr>", "<sip:p1.example.com;lr>")
    assert (dialog.local_cseq, dialog.remote_tag) == (1, "theirs")
    _, peer = dialog.compose("BYE", branch="z9hG4bK1", identity=ME)
    assert peer == Address("192.0.2.50", 5070)


def test_a_request_within_is_written_from_what_is_remembered() -> None:
    data, peer = callee().compose(
        "BYE", branch="z9hG4bK1", identity=ME, extra=[("reason", "Q.850;cause=16")]
    )
    bye = read_request(data)
    assert (bye.method, bye.uri) == ("BYE", "sip:ann@192.0.2.9:5062")
    assert bye.sender.tag == "ours"
    assert bye.recipient.tag == "theirs"
    assert str(bye.cseq) == "1 BYE"
    assert bye.via.branch == "z9hG4bK1"
    assert bye.first("reason") == "Q.850;cause=16"
    assert peer == PEER


def test_a_target_that_cannot_be_looked_up_falls_back_to_the_peer() -> None:
    dialog = callee("Contact: <sip:ann@phone.invalid>", without="Contact")
    assert dialog.compose("BYE", branch="z9hG4bK1", identity=ME)[1] == PEER


def test_a_caller_of_rfc_2543_is_reached_by_its_from() -> None:
    assert callee(without="Contact").target == "sip:+12015550100@192.0.2.9"


def test_numbers_only_grow() -> None:
    dialog = callee()
    elsewhere = Address("192.0.2.9", 9999)
    assert not dialog.heard(read_request(request("INFO", number=1)), elsewhere)
    assert dialog.peer == PEER
    assert dialog.heard(read_request(request("INFO", number=7)), elsewhere)
    assert not dialog.heard(read_request(request("INFO", number=6)), PEER)
    assert dialog.peer == elsewhere


def test_our_numbers_grow_by_one_and_an_ack_keeps_its_invites() -> None:
    dialog = callee()
    numbers = [
        read_request(dialog.compose(method, branch="b", identity=ME, number=number)[0]).cseq.number
        for method, number in [("INFO", None), ("ACK", 1), ("INFO", None)]
    ]
    assert numbers == [1, 1, 2]


def test_a_reinvite_may_move_the_peer() -> None:
    dialog = callee()
    dialog.retarget(None)
    dialog.retarget(NameAddr("sip:ann@192.0.2.77"))
    assert dialog.compose("BYE", branch="b", identity=ME)[1] == Address("192.0.2.77", 5060)


def test_a_route_set_that_could_not_be_used_is_refused() -> None:
    with pytest.raises(ValueError, match="not a URI"):
        callee("Record-Route: nowhere")


def test_an_extra_header_may_not_break_out() -> None:
    with pytest.raises(ValueError, match="line break"):
        callee().compose("BYE", branch="b", identity=ME, extra=[("reason", "a\r\nX: y")])
