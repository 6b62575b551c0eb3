"""Values of the headers a stack reads by itself: Via, name-addr, CSeq, Reason and their kin.

`parse` takes what the world writes, `str` writes what the standard says (RFC 3261 section 20).
"""

import re
from dataclasses import dataclass
from functools import lru_cache

from opentact.voice.sip.lexical import (
    TOKEN_CHARS,
    Params,
    find_param,
    parse_params,
    print_params,
    quote,
    readable,
    unquote,
)
from opentact.voice.sip.uri import MAX_PORT, SipUri, scheme_of

_VIA = re.compile(
    rf"SIP\s*/\s*([\d.]+)\s*/\s*([{TOKEN_CHARS}]+)\s+"
    r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9\-_.]+)(?:\s*:\s*(\d{1,5}))?\s*(;.*)?",
    re.DOTALL | re.IGNORECASE,
)
_QUOTED_NAME = re.compile(r'("(?:[^"\\]|\\.)*")\s*<([^<>\s"]+)>\s*(;.*)?', re.DOTALL)
# Unquoted names outside ASCII are not in the grammar, but common; commas are refused (they
# would make two addresses of one: RFC 4475 3.1.2.15).
_PLAIN_NAME = re.compile(rf'([{TOKEN_CHARS}\s\u0080-\uffff]*)<([^<>\s"]+)>\s*(;.*)?', re.DOTALL)
_BARE = re.compile(r'([^<>\s";?,]+)\s*(;.*)?', re.DOTALL)
_CSEQ = re.compile(rf"(\d{{1,20}})\s+([{TOKEN_CHARS}]+)")
_NUMBER = re.compile(r"\d{1,10}")

COOKIE = "z9hG4bK"  # RFC 3261 8.1.1.7: branches that start so are unique in space and time
DEFAULT_PORT = 5060
# The messages of a call say the same addresses again. Bounded: a head is at most 16 kB.
REMEMBERED = 1024
MAX_CSEQ = 2**31 - 1  # RFC 3261 8.1.1.5
MAX_HOPS = 255  # RFC 3261 20.22


@dataclass(frozen=True, slots=True)
class Via:
    """One hop of the way back. `host` keeps the brackets of an IPv6 address."""

    host: str
    port: int | None = None
    params: Params = ()
    transport: str = "UDP"
    version: str = "2.0"

    @classmethod
    def parse(cls, text: str) -> "Via":
        return _parse_via(text)

    def __str__(self) -> str:
        place = self.host if self.port is None else f"{self.host}:{self.port}"
        return f"SIP/{self.version}/{self.transport} {place}{print_params(self.params)}"

    @property
    def branch(self) -> str | None:
        """The branch when it is one of RFC 3261; what older stacks send is no identifier."""
        branch = find_param(self.params, "branch")
        return branch if branch and branch.startswith(COOKIE) and branch != COOKIE else None

    def param(self, name: str) -> str | None:
        return find_param(self.params, name)

    def came_from(self, host: str, port: int) -> "Via":
        """Note where the request really came from (RFC 3261 18.2.1, RFC 3581 section 4)."""
        asked = self.param("rport") is not None
        if not asked and self.host == host:
            return self
        params = tuple(pair for pair in self.params if pair[0] not in ("rport", "received"))
        noted: Params = (("received", host),)
        return Via(
            self.host,
            self.port,
            params + noted + ((("rport", str(port)),) if asked else ()),
            self.transport,
            self.version,
        )


# The responses to one request, and its ACK, say the same.
@lru_cache(maxsize=REMEMBERED)
def _parse_via(text: str) -> Via:
    match = _VIA.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"not a Via: {text[:80]!r}")
    version, transport, host, port, params = match.groups()
    if port and int(port) > MAX_PORT:
        raise ValueError(f"not a port of a Via: {port}")
    return Via(
        host,
        int(port) if port else None,
        parse_params(params) if params else (),
        transport.upper(),
        version,
    )


@dataclass(frozen=True, slots=True)
class NameAddr:
    """An address with an optional name: From, To, Contact, Route and Record-Route.

    `uri` is as written and may have any scheme; `sip_uri` reads it.
    """

    uri: str
    display: str | None = None
    params: Params = ()

    @classmethod
    def parse(cls, text: str) -> "NameAddr":
        return _parse_address(text)

    def __str__(self) -> str:
        name = f"{quote(self.display)} " if self.display else ""
        return f"{name}<{self.uri}>{print_params(self.params)}"

    @property
    def tag(self) -> str | None:
        return find_param(self.params, "tag") or None

    @property
    def sip_uri(self) -> SipUri:
        """The URI as a value; raises ValueError when it is no `sip:` or `sips:` URI."""
        return SipUri.parse(self.uri)

    @property
    def user(self) -> str:
        """The user part, or the number of a `tel:` URI; "" when there is none."""
        return user_of(self.uri)


@lru_cache(maxsize=REMEMBERED)
def _parse_address(text: str) -> NameAddr:
    text = text.strip()
    display: str | None = None
    if "<" in text:
        match = (_QUOTED_NAME if text.startswith('"') else _PLAIN_NAME).fullmatch(text)
        if match is None:
            raise ValueError(f"not an address: {text[:80]!r}")
        display, uri, params = match.groups()
        display = unquote(display.strip()) or None
    else:
        # RFC 3261 20.10: without brackets, parameters are the header's, not the URI's.
        match = _BARE.fullmatch(text)
        if match is None:
            raise ValueError(f"not an address: {text[:80]!r}")
        uri, params = match.groups()
    scheme_of(uri)
    return NameAddr(uri, display, parse_params(params) if params else ())


def user_of(uri: str) -> str:
    """Read the user part of any URI, fit to be shown; "" when it has none."""
    if uri[:4].lower() == "tel:":
        return readable(uri[4:].partition(";")[0])
    try:
        user = SipUri.parse(uri).user or ""
    except ValueError:
        return ""
    # RFC 3261 19.1.6: a telephone-subscriber may bring parameters of its own along.
    return readable(user.partition(";")[0])


@dataclass(frozen=True, slots=True)
class CSeq:
    """The number of a request in its dialog, and its method."""

    number: int
    method: str

    @classmethod
    def parse(cls, text: str) -> "CSeq":
        return _parse_cseq(text)

    def __str__(self) -> str:
        return f"{self.number} {self.method}"


@lru_cache(maxsize=REMEMBERED)
def _parse_cseq(text: str) -> CSeq:
    match = _CSEQ.fullmatch(text.strip())
    if match is None or int(match[1]) > MAX_CSEQ:
        raise ValueError(f"not a CSeq: {text[:80]!r}")
    return CSeq(int(match[1]), match[2])


def parse_hops(text: str) -> int:
    """Read Max-Forwards. Raises ValueError outside of 0..255."""
    text = text.strip()
    if not _NUMBER.fullmatch(text) or int(text) > MAX_HOPS:
        raise ValueError(f"not a Max-Forwards: {text[:40]!r}")
    return int(text)


def media_type(text: str) -> str:
    """Read the type of a Content-Type, in lower case and without its parameters."""
    kind, slash, subtype = text.partition(";")[0].partition("/")
    return f"{kind.strip()}/{subtype.strip()}".lower() if slash else ""
