"""From a datagram to a message: the first thing that hostile bytes meet.

Whatever arrives becomes a `Request`, a `Response`, or a `Malformed` that says what is wrong
and, if enough was readable, which request is to be refused with which status.
"""

import re

from opentact.voice.sip.lexical import is_token
from opentact.voice.sip.message import Headers, Request, Response
from opentact.voice.sip.names import COMPACT

# A UDP datagram holds no more; TCP framing will need it said.
MAX_BYTES = 65535
# Our own requests have 13; the longest honest ones seen (many Vias, Record-Routes) below 100.
MAX_HEADERS = 256
# RFC 4475 3.1.1.7 has a head of 3.3 kB, an Identity header 1 kB: 16 kB is ample.
MAX_HEAD = 16 * 1024

_FOLD = re.compile(rb"[ \t]*\r\n[ \t]+")
_STATUS_LINE = re.compile(r"SIP/2\.0 ([1-6]\d\d)(?: (.*))?", re.DOTALL | re.IGNORECASE)
_VERSION = re.compile(r"SIP/\d+\.\d+", re.IGNORECASE)
_LENGTH = re.compile(r"\d{1,10}")


class Malformed(ValueError):  # noqa: N818 - it is what the bytes are
    """These bytes are no acceptable message.

    `request` is what of a request could be read, for the refusal; None when nothing is owed.
    """

    def __init__(self, why: str, *, status: int = 400, request: Request | None = None) -> None:
        super().__init__(why)
        self.status = status
        self.request = request


def parse(data: bytes) -> Request | Response:
    """Read one datagram. Raises `Malformed`, which is a ValueError, and nothing else."""
    if len(data) > MAX_BYTES:
        raise Malformed("longer than a datagram can be")
    # RFC 3261 7.5: empty lines before the start line are ignored.
    head, blank, body = data.lstrip(b"\r\n").partition(b"\r\n\r\n")
    if not head:
        raise Malformed("empty")
    if not blank:
        head = head.removesuffix(b"\r\n")
    if len(head) > MAX_HEAD:
        raise Malformed("its headers are too long")
    if b"\r\n " in head or b"\r\n\t" in head:
        head = _FOLD.sub(b" ", head)
    breaks = head.count(b"\r\n")
    if head.count(b"\n") != breaks or head.count(b"\r") != breaks:
        raise Malformed("a line ends without CRLF")
    lines = head.decode("utf-8", "surrogateescape").split("\r\n")
    headers, flaw = _read_headers(lines)
    if lines[0][:4].upper() == "SIP/":
        return _response(lines[0], headers, body, flaw)
    request = _request(lines[0], headers, body)
    if flaw or not blank:
        raise Malformed(flaw or "no empty line after the headers", request=request)
    try:
        request.body = _cut_body(headers, body)
    except ValueError as wrong:
        raise Malformed(str(wrong), request=request) from None
    return request


def _read_headers(lines: list[str]) -> tuple[Headers, str | None]:
    """Read header lines; what is wrong comes second, so that a refusal can still be written."""
    headers: Headers = {}
    flaw: str | None = None
    if len(lines) > MAX_HEADERS:
        flaw, lines = "too many headers", lines[:MAX_HEADERS]
    for line in lines[1:]:
        written, colon, value = line.partition(":")
        name = _NAMES.get(written) or _name(written)
        if not colon or not name:
            flaw = flaw or f"not a header: {_shown(line)}"
            continue
        values = headers.get(name)
        if values is None:
            headers[name] = [value.strip(" \t")]
        else:
            values.append(value.strip(" \t"))
    return headers, flaw


def _name(written: str) -> str | None:
    """Full name in lower case of a header as written; None when it is no name."""
    name = written.rstrip(" \t")
    if not is_token(name):
        return None
    name = name.lower()
    return COMPACT.get(name, name)


def _request(line: str, headers: Headers, body: bytes) -> Request:
    parts = line.split(" ")
    known = "via" in headers and parts[0] != "ACK"
    if len(parts) != 3 or not is_token(parts[0]) or not parts[1]:  # noqa: PLR2004 - by the grammar
        shell = Request(parts[0] if is_token(parts[0]) else "UNKNOWN", "", headers, body)
        looks_like_sip = "SIP/" in line.upper() and known
        raise Malformed("not a request line", request=shell if looks_like_sip else None)
    method, uri, version = parts
    request = Request(method, uri, headers, body)
    if version.upper() != "SIP/2.0":
        if _VERSION.fullmatch(version):
            raise Malformed("not SIP/2.0", status=505, request=request if known else None)
        raise Malformed("not a request line", request=None)
    return request


def _response(line: str, headers: Headers, body: bytes, flaw: str | None) -> Response:
    match = _STATUS_LINE.fullmatch(line)
    if match is None:
        raise Malformed("not a status line")
    if flaw:
        raise Malformed(flaw)
    try:
        return Response(int(match[1]), match[2] or "", headers, _cut_body(headers, body))
    except ValueError as wrong:
        raise Malformed(str(wrong)) from None


def _cut_body(headers: Headers, body: bytes) -> bytes:
    """Apply Content-Length as RFC 3261 18.3 says for datagrams."""
    lengths = headers.get("content-length")
    if lengths is None:
        return body
    if len(set(lengths)) != 1 or not _LENGTH.fullmatch(lengths[0]):
        raise ValueError(f"not one Content-Length: {_shown(', '.join(lengths))}")
    length = int(lengths[0])
    if length > len(body):
        raise ValueError(f"Content-Length says {length}, the body has {len(body)}")
    return body[:length]


def _shown(text: str) -> str:
    """Cut foreign text to what may stand in a reason phrase."""
    return "".join(char if " " <= char <= "~" else "?" for char in text[:40])


# The spellings of nearly all traffic, so that they need no folding of case.
_NAMES = {
    spelling: name.lower()
    for name in (
        *("Via", "From", "To", "Call-ID", "CSeq", "Contact", "Max-Forwards", "Content-Type"),
        *("Content-Length", "Route", "Record-Route", "User-Agent", "Server", "Allow", "Supported"),
        *("Require", "Subject", "Authorization", "P-Asserted-Identity", "Reason", "Date"),
    )
    for spelling in (name, name.lower())
}
