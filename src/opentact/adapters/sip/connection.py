"""One connection that carries SIP: a TCP or TLS stream, cut into messages.

A connection knows its own limits (how long a message may be under way, how long silence may
last, how much may wait to be sent) and tells its owner what it hears and when it ends; the
owner (`streams`) counts connections and wakes them.
"""

import asyncio
from typing import Protocol, cast

from opentact.voice.sip.framing import PONG, Framer
from opentact.voice.sip.machine import Address

# Whoever connects has something to say; a phone that opens its connection ahead of time
# registers within seconds.
FIRST_MESSAGE_SECONDS = 30.0
# RFC 5626 4.4.1 has keep-alives every 95-120 s over TCP; ten minutes outlast four lost ones,
# and registrations refreshed every few minutes without any.
IDLE_SECONDS = 600.0
# Who does not read what we send is not waited for: some hundred messages.
MAX_UNSENT = 512 * 1024


class Owner(Protocol):
    """What a connection needs of whoever keeps it."""

    def now(self) -> float:
        """Tell the time, in seconds."""

    def heard(self, connection: "Connection", message: bytes) -> None:
        """Take a message."""

    def watch(self, connection: "Connection") -> None:
        """Look at `deadline` again: it may have come nearer."""

    def lost(self, connection: "Connection", why: str) -> None:
        """Take it that the connection has ended."""

    def paused(self) -> None:
        """Take it that all that had arrived has been handed over."""


class Connection(asyncio.Protocol):
    """A stream. `peer` is its address, flow included; `ours` when we opened it."""

    def __init__(self, owner: Owner, peer: Address, *, ours: bool = False) -> None:
        self.peer = peer
        self.ours = ours
        self.opened_at = self.heard_at = owner.now()
        self.received = 0
        self.sent = 0
        self.wire: asyncio.Transport | None = None
        self._owner = owner
        self._framer = Framer()
        self._ended = False

    @property
    def deadline(self) -> float:
        """When the connection is to be closed if nothing more comes."""
        if not self.received and not self.ours:
            last = self.opened_at + FIRST_MESSAGE_SECONDS
        else:
            last = self.heard_at + IDLE_SECONDS
        stale = self._stale_at()
        return last if stale is None else min(last, stale)

    @property
    def is_open(self) -> bool:
        return self.wire is not None and not self._ended

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.wire = cast("asyncio.Transport", transport)
        self._owner.watch(self)

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        self.end("closed by the peer")

    def data_received(self, data: bytes) -> None:
        if self._ended:
            return
        framer = self._framer
        messages = framer.feed(data, self._owner.now())
        for message in messages:
            self._hear(message)
        if (pings := framer.take_pings()) and not self._ended:
            # Keep-alives keep a connection only once it has carried SIP.
            self.heard_at = self._owner.now()
            self._write(PONG * min(pings, 8))
        if framer.broken:
            self.end(framer.broken)
        elif framer.stale_at is not None:
            self._owner.watch(self)
        self._owner.paused()

    def eof_received(self) -> bool:
        return False  # SIP has no use for a connection that is open one way

    def send(self, data: bytes) -> bool:
        """Send one message; False when it will not go out."""
        if not self.is_open:
            return False
        self._write(data)
        self.sent += 1
        return not self._ended

    def end(self, why: str) -> None:
        """Close, and tell the owner why; once."""
        if self._ended:
            return
        self._ended = True
        if self.wire is not None:
            # What has been written goes out, a refusal among it; but nobody waits for it.
            self.wire.close()
        self._owner.lost(self, why)

    def abort(self) -> None:
        """Drop what is not sent yet, too."""
        if self.wire is not None:
            self.wire.abort()

    def expire(self, now: float) -> bool:
        """End it if its time is over; False when there is time left."""
        if self.deadline > now:
            return False
        if self._stale_at() is not None and self._stale_at() == self.deadline:
            why = "a message took too long"
        else:
            why = "idle" if self.received or self.ours else "said nothing"
        self.end(why)
        self.abort()
        return True

    def _stale_at(self) -> float | None:
        return self._framer.stale_at

    def _hear(self, message: bytes) -> None:
        self.received += 1
        self.heard_at = self._owner.now()
        self._owner.heard(self, message)

    def _write(self, data: bytes) -> None:
        if self.wire is None:
            return
        if self.wire.get_write_buffer_size() > MAX_UNSENT:
            self.end("does not read")
            self.abort()
        else:
            self.wire.write(data)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.peer.transport} {self.peer} flow={self.peer.flow}>"
