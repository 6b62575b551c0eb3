"""SIP messages for tests, written as a peer would write them."""

from opentact.voice.sip.machine import Address
from opentact.voice.sip.message import Message, Request, Response
from opentact.voice.sip.parser import parse

PEER = Address("192.0.2.9", 5062)
SDP = b"v=0\r\ns=-\r\n"


def request(
    method: str = "INVITE",
    *more: str,
    uri: str = "sip:+12015550101@192.0.2.2",
    branch: str = "z9hG4bKone",
    via: str | None = None,
    number: int = 1,
    to_tag: str = "",
    from_tag: str = "theirs",
    call_id: str = "call-1",
    body: bytes = b"",
    without: str = "",
) -> bytes:
    """`more` are whole header lines; `without` names a header to leave out."""
    lines = {
        "Via": via or f"SIP/2.0/UDP 192.0.2.9:5062;branch={branch}",
        "Max-Forwards": "70",
        "From": f'"Ann" <sip:+12015550100@192.0.2.9>;tag={from_tag}',
        "To": "<sip:+12015550101@192.0.2.2>" + (f";tag={to_tag}" if to_tag else ""),
        "Call-ID": call_id,
        "CSeq": f"{number} {method}",
        "Contact": "<sip:ann@192.0.2.9:5062>",
    }
    lines.pop(without, None)
    text = [f"{method} {uri} SIP/2.0", *(f"{name}: {value}" for name, value in lines.items())]
    text += more
    if body and not any(line.startswith("Content-Type") for line in more):
        text.append("Content-Type: application/sdp")
    text.append(f"Content-Length: {len(body)}\r\n\r\n")
    return "\r\n".join(text).encode("utf-8", "surrogateescape") + body


def response(
    status: int,
    *more: str,
    method: str = "INVITE",
    branch: str = "z9hG4bKone",
    to_tag: str = "theirs",
    number: int = 1,
    body: bytes = b"",
) -> bytes:
    text = [
        f"SIP/2.0 {status} Whatever",
        f"Via: SIP/2.0/UDP 192.0.2.2:5060;branch={branch};rport=5060",
        "From: <sip:bob@192.0.2.2>;tag=ours",
        "To: <sip:ann@192.0.2.9>" + (f";tag={to_tag}" if to_tag else ""),
        "Call-ID: call-1",
        f"CSeq: {number} {method}",
        "Contact: <sip:ann@192.0.2.9:5062>",
        *more,
    ]
    if body:
        text.append("Content-Type: application/sdp")
    text.append(f"Content-Length: {len(body)}\r\n\r\n")
    return "\r\n".join(text).encode() + body


def read_request(data: bytes) -> Request:
    message: Message = parse(data)
    assert isinstance(message, Request)
    return message


def read_response(data: bytes) -> Response:
    message: Message = parse(data)
    assert isinstance(message, Response)
    return message
