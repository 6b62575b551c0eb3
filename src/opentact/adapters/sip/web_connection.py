"""SIP over a WebSocket (RFC 7118): each message is one SIP message, subprotocol `sip`.

The protocol itself is that of the `websockets` library, without its I/O.
"""

from websockets.frames import Frame, Opcode
from websockets.http11 import Request
from websockets.protocol import State
from websockets.server import ServerProtocol
from websockets.typing import Subprotocol

from opentact.adapters.sip.connection import Connection, Owner
from opentact.voice.sip.framing import MESSAGE_SECONDS, PING, PONG
from opentact.voice.sip.machine import Address
from opentact.voice.sip.parser import MAX_BYTES

SIP = Subprotocol("sip")


class WebConnection(Connection):
    """A WebSocket that somebody opened to us."""

    def __init__(self, owner: Owner, peer: Address) -> None:
        super().__init__(owner, peer)
        # `max_size` holds for a whole message, whatever the number of its frames.
        self._web = ServerProtocol(subprotocols=[SIP], max_size=MAX_BYTES)
        self._pieces: list[bytes] = []
        self._since: float | None = self.opened_at

    def data_received(self, data: bytes) -> None:
        if self._ended:
            return
        self._web.receive_data(data)
        events = self._web.events_received()
        if events:
            self._since = None
        for event in events:
            if isinstance(event, Request):
                self._web.send_response(self._web.accept(event))
            elif isinstance(event, Frame):
                self._take(event)
        self._pass_on()
        if self._pieces or not events or self._web.reader.buffer:
            # A frame or a message is under way, and has its time.
            self._since = self._owner.now() if self._since is None else self._since
            self._owner.watch(self)
        self._owner.paused()

    def send(self, data: bytes) -> bool:
        if not self.is_open or self._web.state is not State.OPEN:
            return False
        self._web.send_text(data)
        self._pass_on()
        self.sent += 1
        return not self._ended

    def end(self, why: str) -> None:
        if not self._ended and self._web.state is State.OPEN:
            self._web.send_close(1008 if why == "not SIP" else 1001)
            for piece in self._web.data_to_send():
                self._write(piece)
        super().end(why)

    def _take(self, frame: Frame) -> None:
        """Put a frame to those before it; control frames are the protocol's own business."""
        if frame.opcode not in (Opcode.TEXT, Opcode.BINARY, Opcode.CONT):
            self.heard_at = self._owner.now()
            return
        self._pieces.append(bytes(frame.data))
        if not frame.fin:
            return
        message, self._pieces = b"".join(self._pieces), []
        if message == PING:
            self.send(PONG)
        elif message.strip(b"\r\n"):
            self._hear(message)

    def _pass_on(self) -> None:
        """Write what the protocol has to say; the empty piece means that it is over."""
        for piece in self._web.data_to_send():
            if piece:
                self._write(piece)
            else:
                super().end(self._why())
        if self._web.state in (State.CLOSING, State.CLOSED) and not self._ended:
            super().end(self._why())

    def _why(self) -> str:
        if self._web.handshake_exc is not None:
            return "no WebSocket handshake for SIP"
        fault = self._web.parser_exc
        return "closed by the peer" if fault is None else f"WebSocket: {type(fault).__name__}"

    def _stale_at(self) -> float | None:
        return None if self._since is None else self._since + MESSAGE_SECONDS
