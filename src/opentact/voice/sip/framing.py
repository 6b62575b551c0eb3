"""Where one message ends and the next begins on a stream: RFC 3261 section 18.3.

Bytes and time in, whole messages out, cut by Content-Length. A stream whose borders are lost
cannot be found again, so it is `broken` and the driver closes it; what could be read of the
message that broke it is handed out all the same, as its sender is owed a refusal. Pairs of
CRLF between messages are keep-alives (RFC 5626 section 3.5.1).
"""

import re
from string import ascii_letters, digits

from opentact.voice.sip.parser import MAX_BYTES, MAX_HEAD

# A message under way for longer is an attack (slow-loris) or a dead line: the largest one
# needs 7 s at 80 kbit/s.
MESSAGE_SECONDS = 10.0

PING = b"\r\n\r\n"
PONG = b"\r\n"

_LINE = b"\r\n"
_END = b"\r\n\r\n"
_LENGTH = re.compile(rb"\r\n(?:content-length|l)[ \t]*:[ \t]*([^\r\n]*)", re.IGNORECASE)
_NUMBER = re.compile(rb"\d{1,10}")
_TOKEN_BYTES = frozenset((ascii_letters + digits + "-.!%*_+`'~").encode())


class Framer:
    """One direction of one connection. `broken` says why nothing more will come of it."""

    __slots__ = ("_buffer", "_need", "_pings", "_scanned", "_since", "broken")

    def __init__(self) -> None:
        self.broken: str | None = None
        self._pings = 0
        self._buffer = bytearray()
        self._since: float | None = None
        self._scanned = 0
        self._need = 0

    @property
    def stale_at(self) -> float | None:
        """When the message under way must be whole; None between messages."""
        return None if self._since is None else self._since + MESSAGE_SECONDS

    def take_pings(self) -> int:
        """Tell how many keep-alives came since the last time; each is owed a `PONG`."""
        pings, self._pings = self._pings, 0
        return pings

    def feed(self, data: bytes, now: float) -> list[bytes]:
        """Take what arrived; give the messages that are whole by it."""
        if self.broken:
            return []
        self._buffer += data
        messages: list[bytes] = []
        while (message := self._next()) is not None:
            messages.append(message)
            self._since = None
        if self.broken or not self._buffer.strip(_LINE):
            self._since = None
        elif self._since is None:
            self._since = now
        return messages

    def _next(self) -> bytes | None:
        """Cut off the first message; None while it is not whole, or will never be."""
        if not self._need and not self._find_end():
            return None
        if len(self._buffer) < self._need:
            return None
        message = bytes(self._buffer[: self._need])
        del self._buffer[: self._need]
        self._need = self._scanned = 0
        return message

    def _find_end(self) -> bool:
        """Find out how long the first message is, once its headers are there."""
        if self.broken:
            return False
        self._skip_empty_lines()
        buffer = self._buffer
        end = buffer.find(_END, self._scanned)
        if _is_foreign(buffer):
            self.broken = "not SIP"
        elif (end if end >= 0 else len(buffer)) > MAX_HEAD:
            self.broken = "headers too long"
        elif end < 0:
            # So that a head that comes byte by byte is not searched from its start each time.
            self._scanned = max(0, len(buffer) - len(_END) + 1)
        else:
            self._need = end + len(_END) + self._body_length(end)
            return True
        return False

    def _body_length(self, end: int) -> int:
        """Read Content-Length; 0 when it is missing, as nothing else can be meant then.

        After a length that cannot be followed the head is all that is handed out.
        """
        found = {each.strip() for each in _LENGTH.findall(self._buffer, 0, end)}
        if not found:
            return 0
        text = found.pop()
        if found or not _NUMBER.fullmatch(text):
            self.broken = "Content-Length cannot be read"
            return 0
        if int(text) > MAX_BYTES:
            self.broken = "message too long"
            return 0
        return int(text)

    def _skip_empty_lines(self) -> None:
        buffer = self._buffer
        while buffer[:1] == b"\r":
            if buffer.startswith(PING):
                del buffer[: len(PING)]
                self._pings += 1
            elif PING.startswith(buffer):
                return  # half a keep-alive, or all of the answer to one of ours
            else:
                del buffer[: len(_LINE) if buffer.startswith(_LINE) else 1]


def _is_foreign(buffer: bytearray) -> bool:
    """Tell by the first line whether this is another protocol's, as early as it shows."""
    if not buffer or buffer[0] in b"\r\n":
        return buffer[:1] == b"\n"
    end = buffer.find(_LINE)
    return buffer[0] not in _TOKEN_BYTES or (end >= 0 and b"SIP/" not in buffer[:end].upper())
