import pytest

from opentact.voice.sip.message import Request, Response, encode, header_lines, reply
from opentact.voice.sip.parser import parse
from voice.sip.samples import PEER, SDP, read_request, read_response, request, response


def test_a_message_survives_printing() -> None:
    for data in (request(body=SDP), response(200, body=SDP)):
        assert bytes(parse(data)) == data
        assert parse(bytes(parse(data))) == parse(data)


def test_only_list_headers_are_taken_apart() -> None:
    message = read_request(request("INVITE", "Subject: one, two", "Require: a, b", "Require: c,"))
    assert message.each("subject") == ["one, two"]
    assert message.each("require") == ["a", "b", "c"]
    assert message.each("absent") == []


def test_a_typed_header_that_is_absent_is_named() -> None:
    with pytest.raises(ValueError, match="no Call-ID"):
        _ = Request("INVITE", "sip:x", {}).call_id


def test_the_true_source_is_written_into_the_topmost_via_only() -> None:
    data = request(via="SIP/2.0/UDP a;branch=z9hG4bK1, SIP/2.0/UDP b;branch=z9hG4bK2")
    invite = read_request(data)
    invite.came_from(PEER.host, PEER.port)
    assert invite.headers["via"] == [
        "SIP/2.0/UDP a;branch=z9hG4bK1;received=192.0.2.9, SIP/2.0/UDP b;branch=z9hG4bK2"
    ]
    assert invite.via.param("received") == "192.0.2.9"


class TestReply:
    def test_copies_what_rfc_3261_8_2_6_2_says(self) -> None:
        invite = read_request(request("INVITE", "Via: SIP/2.0/UDP 192.0.2.8;branch=z9hG4bK0"))
        answer = read_response(reply(invite, 180, tag="ours"))
        for name in ("via", "from", "call-id", "cseq"):
            assert answer.headers[name] == invite.headers[name]
        assert answer.recipient.tag == "ours"
        assert answer.phrase == "Ringing"

    def test_leaves_a_tag_alone(self) -> None:
        invite = read_request(request(to_tag="known"))
        assert read_response(reply(invite, 200, tag="ours")).recipient.tag == "known"

    def test_carries_headers_and_body(self) -> None:
        data = reply(read_request(request()), 200, extra=[("server", "x")], body=SDP)
        answer = read_response(data)
        assert (answer.first("server"), answer.body) == ("x", SDP)
        assert answer.first("content-length") == str(len(SDP))

    @pytest.mark.parametrize("bad", ["a\r\nEvil: 1", "a\nb", "a\rb", "a\r\n\r\nb"])
    def test_lets_nothing_break_out_of_its_line(self, bad: str) -> None:
        invite = read_request(request())
        with pytest.raises(ValueError, match="line break"):
            reply(invite, 400, phrase=bad)
        with pytest.raises(ValueError, match="line break"):
            reply(invite, 400, extra=[("reason", bad)])


def test_our_own_requests_let_nothing_break_out_either() -> None:
    with pytest.raises(ValueError, match="line break"):
        encode("INVITE sip:x SIP/2.0", [("subject", "a\r\nEvil: 1")])
    with pytest.raises(ValueError, match="line break"):
        encode("INVITE sip:x\r\n SIP/2.0", [])


def test_content_length_is_never_taken_from_outside() -> None:
    assert encode("X y SIP/2.0", [("content-length", "99")], b"abc").endswith(
        b"Content-Length: 3\r\n\r\nabc"
    )


def test_extra_headers_come_in_either_form() -> None:
    assert header_lines({"X-One": "1"}) == [("x-one", "1")]
    assert header_lines([("X-One", "1"), ("X-ONE", "2")]) == [("x-one", "1"), ("x-one", "2")]


def test_a_message_says_what_it_is() -> None:
    assert repr(read_request(request("BYE"))) == "<BYE sip:+12015550101@192.0.2.2 SIP/2.0>"
    assert repr(read_response(response(180))) == "<SIP/2.0 180 Whatever>"
    assert len({read_response(response(180)), read_response(response(180))}) == 1
    assert read_request(request()) != "a message"


@pytest.mark.parametrize(
    "via",
    [
        "SIP/2.0/UDP 192.0.2.2:5060;branch=z9hG4bKone;rport=5060",
        "SIP/2.0/UDP 192.0.2.2:5060;rport;branch=z9hG4bKone",
        "SIP/2.0/UDP 192.0.2.2 ; branch = z9hG4bKone",
        'SIP/2.0/UDP 192.0.2.2;x=";branch=z9hG4bKno";branch=z9hG4bKone',
        "SIP/2.0/UDP 192.0.2.2;Branch=z9hG4bKone, SIP/2.0/UDP x;branch=z9hG4bKtwo",
        "SIP/2.0/UDP 192.0.2.2;branch=z9hG4bKone ",
    ],
)
def test_the_branch_of_a_response_is_that_of_its_topmost_via(via: str) -> None:
    answer = Response(200, "OK", {"via": [via]})
    assert answer.branch == Response(200, "OK", {"via": [via]}).via.branch == "z9hG4bKone"


def test_a_response_of_an_older_stack_has_no_branch() -> None:
    assert Response(200, "OK", {"via": ["SIP/2.0/UDP x;branch=1"]}).branch is None
