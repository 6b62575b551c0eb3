import pytest

from opentact.voice.sip.inspection import check_response, find_flaw, find_refusal
from voice.sip.samples import SDP, read_request, read_response, request, response


@pytest.mark.parametrize(
    ("data", "flaw"),
    [
        (request(without="To"), "no To"),
        (request("INVITE", "Call-ID: again"), "more than one Call-ID"),
        (request("INVITE", "Max-Forwards: 1"), "more than one Max-Forwards"),
        (request("INVITE", 'Supported: timer, "100rel'), "Supported is no list of tags"),
        (request("INVITE", "k: timer, <100rel"), "Supported is no list of tags"),
        (request("BYE", 'Require: a, "b', to_tag="x"), "Require is no list of tags"),
        (request().replace(b"CSeq: 1 INVITE", b"CSeq: 1 BYE"), "CSeq says BYE"),
        (request(uri="sip:a@x?b=c"), "headers in the Request-URI"),
        (request(uri="sip:@"), "not a user part of a SIP URI: ''"),
        (request(uri="nonsense"), "not a URI: 'nonsense'"),
        (request("INVITE", "Contact: \x01", without="Contact"), "not a URI: '\\x01'"),
        (request("REGISTER", "Contact: *", without="Contact"), None),
        (request("ACK", to_tag="x", uri="sip:a@x?b=c"), None),
        (request(), None),
    ],
)
def test_a_flaw_is_named(data: bytes, flaw: str | None) -> None:
    assert find_flaw(read_request(data)) == flaw


@pytest.mark.parametrize(
    ("name", "value", "most"),
    [
        ("Via", "SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKx", 70),
        ("Record-Route", "<sip:192.0.2.1;lr>", 32),
        ("Route", "<sip:192.0.2.1;lr>", 32),
        ("Contact", "<sip:a@192.0.2.1>", 20),
    ],
)
def test_bombs_are_refused_however_they_are_packed(name: str, value: str, most: int) -> None:
    own = 1 if name in ("Via", "Contact") else 0
    room = most - own
    assert find_flaw(read_request(request("INVITE", *[f"{name}: {value}"] * room))) is None
    packed = ", ".join([value] * (room + 1))
    assert find_flaw(read_request(request("INVITE", f"{name}: {packed}"))) == (
        f"more than {most} {name}"
    )


def test_a_comma_in_a_name_is_no_second_contact() -> None:
    contact = f'Contact: "{"," * 50}" <sip:a@192.0.2.1>'
    assert find_flaw(read_request(request("INVITE", contact, without="Contact"))) is None


def test_a_flaw_fits_into_a_reason_phrase() -> None:
    flaw = find_flaw(read_request(request("INVITE", f"To: {'é' * 500}", without="To")))
    assert flaw is not None
    assert len(flaw) <= 120
    assert flaw.isascii()


def test_a_cancel_need_not_be_understood() -> None:
    assert find_refusal(read_request(request("CANCEL", "Require: 100rel"))) is None


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        (("Content-Type: application/SDP; charset=utf-8",), None),
        (("Content-Type: multipart/mixed; boundary=x",), 415),
        (("Content-Type: text/plain", "Content-Disposition: x;handling = optional"), None),
        (("Content-Encoding: identity",), None),
        (("Accept: application/sdp;level=1, text/plain",), None),
        (("Accept: */*",), None),
        (("Accept: ",), 406),
    ],
)
def test_content_is_judged_by_type_encoding_and_accept(
    headers: tuple[str, ...], status: int | None
) -> None:
    refusal = find_refusal(read_request(request("INVITE", *headers, body=SDP)))
    assert (refusal.status if refusal else None) == status


@pytest.mark.parametrize(
    "data",
    [
        response(200, "Via: SIP/2.0/UDP x;branch=z9hG4bK2"),
        response(200, "Record-Route: nowhere"),
        response(183, 'Require: 100rel, "'),
        response(200, "Supported: timer, <"),
        response(200).replace(b"CSeq: 1", b"CSeq: x"),
        response(200).replace(b"Call-ID: call-1\r\n", b""),
        response(200).replace(b"<sip:ann@192.0.2.9:5062>", b"<>"),
    ],
)
def test_a_response_that_could_not_be_used_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        check_response(read_response(data))


def test_a_contact_matters_only_where_a_dialog_comes_of_it() -> None:
    data = response(200, method="BYE").replace(b"<sip:ann@192.0.2.9:5062>", b"<>")
    check_response(read_response(data))
