"""SIP messages: read lazily, written plainly (RFC 3261 section 7).

Reading cuts the bytes into a start line and raw header strings and stops there; a header
becomes a value when somebody asks for it. So a flood costs little, and a header that nobody
needs may be as odd as it likes.
"""

from collections.abc import Iterable, Mapping

from opentact.voice.sip.headers import COOKIE, CSeq, NameAddr, Via
from opentact.voice.sip.lazy import lazy
from opentact.voice.sip.lexical import split_list
from opentact.voice.sip.names import LISTS, phrase_of, printed

VERSION = "SIP/2.0"
_BRANCH = f";branch={COOKIE}"

Headers = dict[str, list[str]]
"""Values as written, by full name in lower case; names in the order of their first line."""


class Message:
    """What requests and responses share. Typed properties raise ValueError when malformed."""

    def __init__(self, headers: Headers, body: bytes = b"") -> None:
        self.headers = headers
        self.body = body

    def first(self, name: str) -> str | None:
        """Give a header's first value as written, or None; the name is in lower case."""
        values = self.headers.get(name)
        return values[0] if values else None

    def each(self, name: str) -> list[str]:
        """Every value of a header, lists taken apart where the header is one."""
        values = self.headers.get(name, [])
        if name not in LISTS:
            return values
        return [part for value in values for part in split_list(value) if part]

    @lazy
    def via(self) -> Via:
        """Read the topmost Via."""
        written = self._required("via")
        return Via.parse(split_list(written)[0] if "," in written else written)

    @lazy
    def sender(self) -> NameAddr:
        """Read From."""
        return NameAddr.parse(self._required("from"))

    @lazy
    def recipient(self) -> NameAddr:
        """Read To."""
        return NameAddr.parse(self._required("to"))

    @lazy
    def cseq(self) -> CSeq:
        return CSeq.parse(self._required("cseq"))

    @lazy
    def call_id(self) -> str:
        return self._required("call-id")

    @lazy
    def contact(self) -> NameAddr | None:
        """Read the first Contact; None when there is none."""
        values = self.each("contact")
        return NameAddr.parse(values[0]) if values else None

    def _required(self, name: str) -> str:
        values = self.headers.get(name)
        if not values or not values[0]:
            raise ValueError(f"no {printed(name)}")
        return values[0]

    def _start_line(self) -> str:
        raise NotImplementedError

    def __bytes__(self) -> bytes:
        lines = [(name, value) for name, values in self.headers.items() for value in values]
        return encode(self._start_line(), lines, self.body)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Message):
            return NotImplemented
        return bytes(self) == bytes(other)

    def __hash__(self) -> int:
        return hash(bytes(self))

    def __repr__(self) -> str:
        return f"<{self._start_line()}>"


class Request(Message):
    def __init__(self, method: str, uri: str, headers: Headers, body: bytes = b"") -> None:
        super().__init__(headers, body)
        self.method = method
        self.uri = uri

    def _start_line(self) -> str:
        return f"{self.method} {self.uri} {VERSION}"

    def came_from(self, host: str, port: int) -> None:
        """Write the true source into the topmost Via (RFC 3261 18.2.1, RFC 3581)."""
        noted = self.via.came_from(host, port)
        if noted is not self.via:
            values = self.headers["via"]
            values[0] = ", ".join([str(noted), *split_list(values[0])[1:]])
            self.__dict__["via"] = noted

    @lazy
    def reply_lines(self) -> str:
        """Write the header lines that every response copies, without To (RFC 3261 8.2.6.2)."""
        return "".join(
            f"{printed(name)}: {value}\r\n"
            for name in ("via", "from", "call-id", "cseq")
            for value in self.headers.get(name, ())
        )


class Response(Message):
    def __init__(self, status: int, phrase: str, headers: Headers, body: bytes = b"") -> None:
        super().__init__(headers, body)
        self.status = status
        self.phrase = phrase

    @lazy
    def branch(self) -> str | None:
        """Read the branch of our Via, without the rest of what we wrote ourselves."""
        value = self._required("via")
        at = value.find(_BRANCH)
        # Anything but the plain case is read in full.
        if at < 0 or '"' in value or "," in value:
            return self.via.branch
        return value[at + 8 :].partition(";")[0].rstrip() or None

    def _start_line(self) -> str:
        return f"{VERSION} {self.status} {self.phrase}"


def encode(start: str, lines: Iterable[tuple[str, str]], body: bytes = b"") -> bytes:
    """Write a message; Content-Length is ours to write, whatever `lines` say of it.

    Raises ValueError when a value would break out of its line (header injection).
    """
    text = [start]
    text += [f"{printed(name)}: {value}" for name, value in lines if name != "content-length"]
    head = "\r\n".join(text)
    _check_breaks(head, len(text) - 1)
    head += f"\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode("utf-8", "surrogateescape") + body


def reply(
    request: Request,
    status: int,
    *,
    phrase: str | None = None,
    tag: str | None = None,
    extra: Iterable[tuple[str, str]] = (),
    body: bytes = b"",
) -> bytes:
    """Write a response to the request, from what of it is there (RFC 3261 8.2.6).

    `tag` goes to To when it has none. `extra` holds (name in lower case, value).
    """
    to = request.first("to")
    if to and tag and not _has_tag(request):
        to = f"{to};tag={tag}"
    words = phrase_of(status) if phrase is None else phrase
    more = [f"{printed(name)}: {value}\r\n" for name, value in extra]
    ours = f"{VERSION} {status} {words}\r\n{''.join(more)}"
    # What the request brought is known to be of single lines; what comes with us is not.
    _check_breaks(ours, len(more) + 1)
    start, _, rest = ours.partition("\r\n")
    to = f"To: {to}\r\n" if to else ""
    text = f"{start}\r\n{request.reply_lines}{to}{rest}Content-Length: {len(body)}\r\n\r\n"
    return text.encode("utf-8", "surrogateescape") + body


def _check_breaks(text: str, wanted: int) -> None:
    """Raise ValueError when there are more line breaks than we wrote: a value brought them."""
    if text.count("\n") != wanted or text.count("\r") != wanted:
        raise ValueError("a header value may not hold a line break")


def _has_tag(request: Request) -> bool:
    try:
        return request.recipient.tag is not None
    except ValueError:
        # Not readable, so nothing of ours can be told from it; a second tag would be worse.
        return "tag=" in (request.first("to") or "")


def header_lines(headers: Mapping[str, str] | Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Take extra headers in either form; names come back in lower case."""
    pairs = headers.items() if isinstance(headers, Mapping) else headers
    return [(name.lower(), value) for name, value in pairs]
