"""Session descriptions as values (RFC 8866): read as the world writes, write as the standard says.

Lines we have no use for (bandwidth, keys, time zones, e-mail) are read over and not kept. What is
kept is what offer/answer needs: origin, connections, media lines and attributes, in order.
"""

import re
from dataclasses import dataclass

from .faults import BadSdp

# The largest real description (WebRTC with all its candidates) is some 8 kB. Four times that.
MAX_BYTES = 32_768
MAX_LINES = 1_000
MAX_MEDIA = 32
MAX_FORMATS = 64
_LINE = re.compile(r"([a-z])[ \t]*=[ \t]*(.*)", re.DOTALL)
_TOKEN = re.compile(r"[!-~]+")
_DIGITS = re.compile(r"\d{1,20}", re.ASCII)

Attribute = tuple[str, str | None]


@dataclass(frozen=True, slots=True)
class Origin:
    """The `o=` line: who made the description, and which version of it this is."""

    username: str
    session_id: int
    version: int
    address: str

    def __str__(self) -> str:
        return (
            f"{self.username} {self.session_id} {self.version} "
            f"IN {address_type(self.address)} {self.address}"
        )


@dataclass(frozen=True, slots=True)
class Media:
    """One `m=` line with its own connection and attributes. Port 0: refused, or not wanted."""

    kind: str
    port: int
    protocol: str
    formats: tuple[str, ...]
    connection: str | None = None
    attributes: tuple[Attribute, ...] = ()

    def attribute(self, name: str) -> str | None:
        """Give the value of the first attribute so named; empty for a flag; None if absent."""
        return _first(self.attributes, name)


@dataclass(frozen=True, slots=True)
class Session:
    """A whole description. `connection` is an address as written, without network and type."""

    origin: Origin
    name: str = "-"
    connection: str | None = None
    attributes: tuple[Attribute, ...] = ()
    media: tuple[Media, ...] = ()

    @classmethod
    def parse(cls, data: bytes) -> "Session":
        """Read a description, or raise `BadSdp`.

        Forgiven: bare LF, blanks around `=`, missing `s=` and `t=`, blank lines at the end,
        bytes that are not UTF-8, lines of unknown letters.
        """
        return _Reader(data).read()

    def attribute(self, name: str) -> str | None:
        """Give the value of the first session attribute so named."""
        return _first(self.attributes, name)

    def __str__(self) -> str:
        lines = ["v=0", f"o={self.origin}", f"s={self.name}"]
        lines += _connection_line(self.connection)
        lines += ["t=0 0", *map(_attribute_line, self.attributes)]
        for media in self.media:
            formats = " ".join(media.formats)
            lines.append(f"m={media.kind} {media.port} {media.protocol} {formats}")
            lines += _connection_line(media.connection)
            lines += map(_attribute_line, media.attributes)
        return "".join(f"{line}\r\n" for line in lines)

    def __bytes__(self) -> bytes:
        return str(self).encode()


def address_type(address: str) -> str:
    """Name the type of an address literal as `c=` and `o=` lines do."""
    return "IP6" if ":" in address else "IP4"


def _first(attributes: tuple[Attribute, ...], name: str) -> str | None:
    return next((value or "" for key, value in attributes if key == name), None)


def _connection_line(address: str | None) -> list[str]:
    return [f"c=IN {address_type(address)} {address}"] if address else []


def _attribute_line(attribute: Attribute) -> str:
    name, value = attribute
    return f"a={name}" if value is None else f"a={name}:{value}"


class _Reader:
    """Reads line after line into the session, or into the media line begun last."""

    def __init__(self, data: bytes) -> None:
        if len(data) > MAX_BYTES:
            raise BadSdp(f"session description of {len(data)} bytes, at most {MAX_BYTES}")
        text = data.decode("utf-8", "replace").replace("\r\n", "\n").replace("\r", "\n")
        if "\0" in text:
            raise BadSdp("session description with a NUL byte")
        self._lines = text.rstrip("\n \t").split("\n")
        if len(self._lines) > MAX_LINES:
            raise BadSdp(f"session description of {len(self._lines)} lines, at most {MAX_LINES}")
        self._origin: Origin | None = None
        self._name = "-"
        self._connection: list[str | None] = [None]
        self._attributes: list[list[Attribute]] = [[]]
        self._media: list[Media] = []

    def read(self) -> Session:
        if self._lines[0].strip() != "v=0":
            raise BadSdp(f"expected v=0 as the first line, got {self._lines[0][:40]!r}")
        for number, line in enumerate(self._lines[1:], start=2):
            found = _LINE.fullmatch(line.strip())
            if not found:
                raise BadSdp(f"line {number}: expected letter=value, got {line[:40]!r}")
            self._take(number, found[1], found[2])
        if self._origin is None:
            raise BadSdp("no o= line")
        media = tuple(
            Media(m.kind, m.port, m.protocol, m.formats, connection, tuple(attributes))
            for m, connection, attributes in zip(
                self._media, self._connection[1:], self._attributes[1:], strict=True
            )
        )
        return Session(
            self._origin, self._name, self._connection[0], tuple(self._attributes[0]), media
        )

    def _take(self, number: int, letter: str, value: str) -> None:
        if letter == "o" and self._origin is None:
            self._origin = _origin(number, value)
        elif letter == "s":
            self._name = value or "-"
        elif letter == "c" and self._connection[-1] is None:
            self._connection[-1] = _connection(number, value)
        elif letter == "a":
            name, colon, rest = value.partition(":")
            self._attributes[-1].append((name.strip(), rest.strip() if colon else None))
        elif letter == "m":
            if len(self._media) == MAX_MEDIA:
                raise BadSdp(f"line {number}: more than {MAX_MEDIA} media lines")
            self._media.append(_media(number, value))
            self._connection.append(None)
            self._attributes.append([])


def _origin(number: int, value: str) -> Origin:
    parts = value.split()
    # Some phones leave the user name out; the other five fields are then all there.
    if len(parts) == 5:  # noqa: PLR2004 - the six fields of RFC 8866 section 5.2, less one
        parts.insert(0, "-")
    if len(parts) != 6 or parts[3].upper() != "IN":  # noqa: PLR2004 - as above
        raise BadSdp(
            f"line {number}: expected o=user id version IN type address, got {value[:60]!r}"
        )
    username, session_id, version, _, _, address = parts
    if not _DIGITS.fullmatch(session_id) or not _DIGITS.fullmatch(version):
        raise BadSdp(f"line {number}: o= needs numbers for id and version, got {value[:60]!r}")
    return Origin(username, int(session_id), int(version), address)


def _connection(number: int, value: str) -> str:
    parts = value.split()
    if len(parts) != 3 or parts[0].upper() != "IN" or parts[1].upper() not in {"IP4", "IP6"}:  # noqa: PLR2004 - RFC 8866 section 5.7
        raise BadSdp(f"line {number}: expected c=IN IP4|IP6 address, got {value[:60]!r}")
    return parts[2]


def _media(number: int, value: str) -> Media:
    kind, *rest = value.split() or [""]
    if len(rest) < 3 or not _TOKEN.fullmatch(kind):  # noqa: PLR2004 - RFC 8866 section 5.14
        raise BadSdp(f"line {number}: expected m=kind port protocol formats, got {value[:60]!r}")
    port, slash, count = rest[0].partition("/")
    if not _DIGITS.fullmatch(port) or int(port) > 65_535 or (slash and not count.isdecimal()):  # noqa: PLR2004 - ports have 16 bits
        raise BadSdp(f"line {number}: m= with the port {rest[0][:20]!r}")
    formats = rest[2:]
    if len(formats) > MAX_FORMATS:
        raise BadSdp(f"line {number}: more than {MAX_FORMATS} formats in one media line")
    return Media(kind.lower(), int(port), rest[1], tuple(formats))
