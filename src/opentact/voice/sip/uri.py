"""SIP URIs as values: read, written and compared as RFC 3261 section 19.1 says.

Escapes are undone when reading and put back when writing, so `%75se%72` and `user` are one user.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import quote, unquote

_ESCAPED = "%[0-9A-Fa-f]{2}"
# `#` is not in the grammar, but phones dial it raw in every feature code (`*21#`).
_USER = re.compile(rf"(?:[A-Za-z0-9\-_.!~*'()&=+$,;?/#]|{_ESCAPED})*")
_PASSWORD = re.compile(rf"(?:[A-Za-z0-9\-_.!~*'()&=+$,]|{_ESCAPED})*")
_PARAM = re.compile(rf"(?:[A-Za-z0-9\-_.!~*'()\[\]/:&+$]|{_ESCAPED})+")
_HEADER = re.compile(rf"(?:[A-Za-z0-9\-_.!~*'()\[\]/?:+$]|{_ESCAPED})*")
_HOST_PORT = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9\-_.]+)(?::(\d{1,5}))?")
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.\-]*):(\S+)")

_USER_SAFE = "-_.!~*'()&=+$,;?/"
_PASSWORD_SAFE = "-_.!~*'()&=+$,"  # noqa: S105 - characters that need no escape
_PARAM_SAFE = "-_.!~*'()[]/:&+$"
_HEADER_SAFE = "-_.!~*'()[]/?:+$"

MAX_PORT = 65535

# RFC 3261 19.1.4: these must agree even when only one of the two URIs has them.
_ALWAYS_COMPARED = ("user", "ttl", "method", "maddr", "transport")


def scheme_of(text: str) -> str:
    """Name the scheme of any URI, in lower case. Raises ValueError when there is none."""
    match = _SCHEME.fullmatch(text)
    if match is None or "<" in text or ">" in text or '"' in text:
        raise ValueError(f"not a URI: {text[:80]!r}")
    return match[1].lower()


@dataclass(frozen=True, slots=True)
class SipUri:
    """A `sip:` or `sips:` URI. Parameters and headers hold (name, value) in their order."""

    host: str
    user: str | None = None
    port: int | None = None
    params: tuple[tuple[str, str | None], ...] = ()
    headers: tuple[tuple[str, str], ...] = ()
    password: str | None = None
    scheme: str = "sip"

    @classmethod
    def parse(cls, text: str) -> "SipUri":
        """Read the URI; raises ValueError with what is wrong."""
        return _parse(text)

    def __str__(self) -> str:
        text = f"{self.scheme}:"
        if self.user is not None:
            text += _escape(self.user, _USER_SAFE)
            if self.password is not None:
                text += ":" + _escape(self.password, _PASSWORD_SAFE)
            text += "@"
        text += self.host if self.port is None else f"{self.host}:{self.port}"
        for name, value in self.params:
            text += ";" + _escape(name, _PARAM_SAFE)
            text += "" if value is None else "=" + _escape(value, _PARAM_SAFE)
        if self.headers:
            text += "?" + "&".join(
                f"{_escape(name, _HEADER_SAFE)}={_escape(value, _HEADER_SAFE)}"
                for name, value in self.headers
            )
        return text

    def param(self, name: str) -> str | None:
        """Value of a parameter; "" when it has no value, None when it is absent."""
        return next((value or "" for found, value in self.params if found == name), None)

    def matches(self, other: "SipUri") -> bool:
        """Compare as RFC 3261 19.1.4 says. Not an equivalence, therefore not `==`."""
        return (
            self.scheme == other.scheme
            and (self.user, self.password) == (other.user, other.password)
            and (self.host.lower(), self.port) == (other.host.lower(), other.port)
            and _params_agree(dict(self.params), dict(other.params))
            and _headers_agree(self, other)
        )


# The same numbers are called again and again. Bounded: a head is at most 16 kB.
@lru_cache(maxsize=1024)
def _parse(text: str) -> SipUri:
    scheme, colon, rest = text.partition(":")
    if not colon or scheme.lower() not in ("sip", "sips"):
        raise ValueError(f"not a SIP URI: {text[:80]!r}")
    # Neither host, parameters nor headers may hold an @: the last one ends the user.
    userinfo, at, rest = rest.rpartition("@")
    rest, question, headers = rest.partition("?")
    host_port, semicolon, params = rest.partition(";")
    user, password = _parse_userinfo(userinfo) if at else (None, None)
    host, port = _parse_host_port(host_port)
    return SipUri(
        host,
        user,
        port,
        _parse_params(params) if semicolon else (),
        _parse_headers(headers) if question else (),
        password,
        scheme.lower(),
    )


def _parse_userinfo(text: str) -> tuple[str, str | None]:
    user, colon, password = text.partition(":")
    if not user or not _USER.fullmatch(user) or not _PASSWORD.fullmatch(password):
        raise ValueError(f"not a user part of a SIP URI: {text[:80]!r}")
    return _unescape(user), _unescape(password) if colon else None


def _parse_host_port(text: str) -> tuple[str, int | None]:
    match = _HOST_PORT.fullmatch(text)
    if match is None or (match[2] and int(match[2]) > MAX_PORT):
        raise ValueError(f"not a host of a SIP URI: {text[:80]!r}")
    return match[1], int(match[2]) if match[2] else None


def _parse_params(text: str) -> tuple[tuple[str, str | None], ...]:
    params: list[tuple[str, str | None]] = []
    for part in text.split(";"):
        name, equals, value = part.partition("=")
        if not _PARAM.fullmatch(name) or (equals and not _PARAM.fullmatch(value)):
            raise ValueError(f"not a parameter of a SIP URI: {part[:80]!r}")
        params.append((_unescape(name).lower(), _unescape(value) if equals else None))
    return tuple(params)


def _parse_headers(text: str) -> tuple[tuple[str, str], ...]:
    headers: list[tuple[str, str]] = []
    for part in text.split("&"):
        name, equals, value = part.partition("=")
        if not equals or not name or not _HEADER.fullmatch(name) or not _HEADER.fullmatch(value):
            raise ValueError(f"not a header of a SIP URI: {part[:80]!r}")
        headers.append((_unescape(name), _unescape(value)))
    return tuple(headers)


def _params_agree(mine: dict[str, str | None], theirs: dict[str, str | None]) -> bool:
    names = {*_ALWAYS_COMPARED, *(mine.keys() & theirs.keys())}
    absent = object()
    for name in names:
        one, other = mine.get(name, absent), theirs.get(name, absent)
        if (one.lower() if isinstance(one, str) else one) != (
            other.lower() if isinstance(other, str) else other
        ):
            return False
    return True


def _headers_agree(mine: SipUri, theirs: SipUri) -> bool:
    ours, others = (
        sorted((name.lower(), value) for name, value in uri.headers) for uri in (mine, theirs)
    )
    return ours == others


def _unescape(text: str) -> str:
    return unquote(text, errors="surrogateescape") if "%" in text else text


def _escape(text: str, safe: str) -> str:
    return quote(text, safe=safe, errors="surrogateescape")
