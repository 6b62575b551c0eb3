import pytest

from opentact.voice.sip.dialog import Dialog
from opentact.voice.sip.headers import NameAddr
from opentact.voice.sip.machine import Address, Send
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


def test_who_holds_a_connection_speaks_from_its_other_end() -> None:
    dialog = callee()
    dialog.peer = Address("192.0.2.9", 40000, "tls", 7)
    assert dialog.may_come_from(Address("192.0.2.9", 40000, "tls", 7))
    assert dialog.may_come_from(Address("192.0.2.9", 40001, "tls", 8)), "it came back"
    assert not dialog.may_come_from(Address("198.51.100.9", 40000, "tls", 9))
    assert not dialog.may_come_from(Address("192.0.2.9", 40000, "udp"))


@pytest.mark.parametrize(
    ("host", "is_let"),
    [
        ("192.0.2.9", True),  # where it is, from whatever port its NAT gives it
        ("192.0.2.77", True),  # its Contact
        ("192.0.2.50", True),  # a proxy that stays in the path
        ("198.51.100.9", False),
    ],
)
def test_by_udp_the_peer_speaks_from_where_it_is_or_says_that_it_is(
    host: str, *, is_let: bool
) -> None:
    dialog = callee("Contact: <sip:ann@192.0.2.77:5062>", *ROUTES, without="Contact")
    assert dialog.may_come_from(Address(host, 40000)) is is_let


def test_several_proxies_are_passed_in_order_and_a_strict_one_finds_itself_first() -> None:
    dialog = callee(
        "Record-Route: <sip:192.0.2.51;lr>, <sip:192.0.2.52;lr>", "Record-Route: <sip:192.0.2.53>"
    )
    data, peer = dialog.compose("BYE", branch="z9hG4bKx", identity=ME)
    bye = read_request(data)
    assert peer.host == "192.0.2.51"
    assert bye.each("route") == [
        "<sip:192.0.2.51;lr>",
        "<sip:192.0.2.52;lr>",
        "<sip:192.0.2.53>",
    ]
    strict = callee("Record-Route: <sip:192.0.2.53>, <sip:192.0.2.51;lr>")
    data, peer = strict.compose("BYE", branch="z9hG4bKx", identity=ME)
    bye = read_request(data)
    assert (bye.uri, peer.host) == ("sip:192.0.2.53", "192.0.2.53")
    assert bye.each("route") == ["<sip:192.0.2.51;lr>", f"<{strict.target}>"]


def test_the_ack_of_a_refused_reinvite_goes_the_same_way() -> None:
    dialog = callee("Record-Route: <sip:192.0.2.51;lr>")
    tx, number = dialog.compose_invite(branch="z9hG4bKre", identity=ME, extra=[], body=b"x")
    invite = read_request(tx.data)
    tx.start(0.0)
    ack_out, _ = tx.received(read_response(response(491, number=number)), 0.1)
    assert isinstance(ack_out, Send)
    ack = read_request(ack_out.data)
    assert (ack.uri, ack.each("route"), ack.via) == (invite.uri, invite.each("route"), invite.via)
    assert str(ack.cseq) == f"{number} ACK"
