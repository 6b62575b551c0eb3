"""Connecting two calls that live: each is the other's partner until one of them ends (D-10).

Both stay calls of their own, with their own flows: what is posted to one of them runs beside the
connection, as beside a Dial's (docs/decisions/0096). When one ends, so does the other.
"""

import asyncio
from typing import cast

from opentact.kit.faults import Conflict

from .call_book import CallBook
from .callflow.document import read
from .calls import CallState
from .causes import Cause
from .conversation import Conversation
from .line import Line
from .live_calls import LiveCall
from .partner import Partner
from .placed_call import PlacedCall

NOTHING = read(b"<Response/>")  # a flow at whose end the connection goes on


class CannotJoin(Conflict):
    """The two calls cannot be connected: the message says which of them, and why."""

    code = "calls_not_connectable"


class OtherCall:
    """The other of two calls, as a call flow sees its partner (voice/partner.py)."""

    def __init__(self, mine: Line, other: Conversation) -> None:
        self.line = other.line
        self.gone: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._mine = mine
        self._other = other
        before = other.line.on_over

        def over() -> None:
            before()
            self._is_gone()

        other.line.on_over = over

    @property
    def card_uuid(self) -> str:
        """Name the other call."""
        return str(self._other.card.call.uuid)

    def join(self) -> None:
        """Let the two hear each other."""
        self._mine.bridge(self.line)

    def hold(self) -> None:
        """Part the two for a while."""
        self.apart()

    def resume(self) -> None:
        """Let them go on, unless one has left."""
        if not self.gone.done():
            self.join()

    def apart(self) -> None:
        """Let neither hear the other."""
        self._mine.unbridge()

    def leave(self, cause: Cause) -> None:
        """Part; the other call ends as well, for who it was connected with has left it."""
        self.apart()
        self._is_gone()
        if self.line.over is None:
            self.line.end(cause)

    def _is_gone(self) -> None:
        if not self.gone.done():
            self.gone.set_result(None)


def join_calls(
    first: LiveCall, second: LiveCall, book: CallBook
) -> tuple[Conversation, Conversation]:
    """Connect two calls; what runs on them is stopped. `CannotJoin` says what is in the way."""
    one, two = _talking(first), _talking(second)
    if one is two:
        raise CannotJoin("A call cannot be connected with itself: name two calls")
    for mine, other in ((one, two), (two, one)):
        mine.meet(cast(Partner, OtherCall(mine.line, other)))
    one.line.bridge(two.line)
    for mine, other in ((one, two), (two, one)):
        book.changed(mine.card, state=CallState.BRIDGED, peer_uuid=other.card.call.uuid)
        book.entered(mine.card, CallState.BRIDGED)
        mine.replace(NOTHING)
    return one, two


def _talking(call: LiveCall) -> Conversation:
    name = call.card.call.uuid
    if not isinstance(call, Conversation):
        raise CannotJoin(f"{name} is a leg of a bridged call already")
    if isinstance(call, PlacedCall) and call.sealed:
        raise CannotJoin(f"{name} verifies a number, and is connected with nobody")
    if call.over is not None or not call.line.answered:
        raise CannotJoin(f"{name} is not answered, or just ending")
    if call.partner is not None:
        raise CannotJoin(f"{name} is connected with {call.partner.card_uuid} already")
    return call
