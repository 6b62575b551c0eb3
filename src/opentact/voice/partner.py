"""Who a call is connected with: the other line of a call flow's bridge, from its join to its end.

Each end keeps its own signalling, so that the flow goes on when the partner hangs up, and may
play, record and listen on either line meanwhile.
"""

import asyncio

from .bridge import BridgeDesk
from .called_line import CalledLine
from .causes import Cause
from .dial_search import Attempt
from .leg_audio import LegAudio
from .line import Line
from .rtp.tones import HOLD_MUSIC


class Partner:
    """The callee of a Dial. `gone` is done when its line is over."""

    def __init__(self, attempt: Attempt, line: CalledLine, caller: Line, desk: BridgeDesk) -> None:
        self.line = line
        self.attempt = attempt
        self.gone: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._caller = caller
        self._desk = desk
        self._left = False
        line.on_over = self._is_over
        attempt.on_over = line.end
        if line.over is not None:
            self._is_over()

    @property
    def card_uuid(self) -> str:
        """Name the partner's call."""
        return str(self.attempt.placed.card.call.uuid)

    def join(self) -> None:
        """Let the two hear each other; who holds lets the other hear music."""
        self._caller.media.stop()
        self._caller.bridge(self.line)
        self._caller.on_hold = lambda held: _music(self.line, on=held)
        self.line.on_hold = lambda held: _music(self._caller, on=held)
        self.attempt.cdr.joins()

    def hold(self) -> None:
        """Part the two for a while, and show the partner's phone that it is held."""
        self.apart()
        self.line.hold()

    def resume(self) -> None:
        """Let them go on, unless one has left."""
        if not self._left:
            self.line.resume()
            self.join()

    def apart(self) -> None:
        """Let neither hear the other."""
        self._caller.unbridge()

    def leave(self, cause: Cause) -> None:
        """End the partner's call, unless it has ended; its record is closed when its audio is."""
        if self._left:
            return
        self._left = True
        self._caller.on_hold = _unheard
        self.apart()
        self._caller.media.stop()
        self.line.hang_up(cause.reason_header)
        self.attempt.over(self.line.over or cause)
        self._desk.spawn(self._close())

    async def _close(self) -> None:
        self.attempt.closes(await self.line.close())
        self.attempt.on_over = None

    def _is_over(self) -> None:
        if not self.gone.done():
            self.gone.set_result(None)


def _music(line: LegAudio, *, on: bool) -> None:
    if on:
        line.tones(HOLD_MUSIC, 0)
    else:
        line.media.stop()


def _unheard(_held: bool) -> None:  # noqa: FBT001 - as `on_hold` is told
    """Stand in for who is told of a hold."""
