"""A call that does not leave the house: the outgoing leg and the incoming one, wired together.

Somebody here calls a number that is leased here as well. What one end does the other is told,
in the order and with the events that a network between them would have brought; neither knows
the difference. Each end keeps the rule of real legs: after its end it is silent.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any

from opentact.kit.ids import new_id

from .sip.effects import (
    Acked,
    Answered,
    Cancelled,
    HungUp,
    InfoReceived,
    LegEvent,
    Progressed,
    Reanswered,
    Refused,
    Reoffered,
    ReofferRefused,
)
from .sip.machine import Address
from .sip.message import Request
from .sip.names import phrase_of

HOUSE = Address("house", 0)


class _End:
    """What both ends have in common."""

    def __init__(self, call_id: str) -> None:
        self.call_id = call_id
        self.events: asyncio.Queue[LegEvent] = asyncio.Queue()
        self.over = False
        self.up = False
        self._peer: Any = None
        self._heard: Callable[[LegEvent], None] | None = None

    def listen(self, heard: Callable[[LegEvent], None]) -> None:
        """Have events told at once instead of in `events`, those that wait there first."""
        self._heard = heard
        while self._heard is heard and not self.events.empty():
            heard(self.events.get_nowait())

    def reoffer(self, sdp: bytes | None) -> None:
        """Propose new media."""
        if self.up and not self.over:
            self._peer.told(Reoffered(sdp))

    def reanswer(self, sdp: bytes) -> None:
        """Accept what the other end proposed."""
        if self.up and not self.over:
            self._peer.told(Reanswered(sdp))

    def refuse_reoffer(self, status: int = 488) -> None:
        """Refuse what the other end proposed."""
        if self.up and not self.over:
            self._peer.told(ReofferRefused(status))

    def acknowledge(self, sdp: bytes) -> None:
        """Answer an offer that came with an answer."""
        if self.up and not self.over:
            self._peer.told(Acked(sdp, again=True))

    @property
    def takes_info(self) -> bool:
        """Whether the other end takes INFO: what it cannot use does no harm."""
        return True

    def inform(self, content_type: str, body: bytes) -> None:
        """Send the other end an INFO."""
        if self.up and not self.over:
            self._peer.told(InfoReceived(content_type, body))

    def told(self, event: LegEvent) -> None:
        """Hear of something, unless this end is over."""
        if self.over:
            return
        if isinstance(event, Cancelled | HungUp | Refused):
            self.over = True
        if self._heard is not None:
            self._heard(event)
        else:
            self.events.put_nowait(event)


class HouseCaller(_End):
    """The outgoing leg."""

    destination = HOUSE

    @property
    def alive(self) -> bool:
        return True

    def hangup(self, *, reason: str | None = None) -> None:
        """Give up before the answer, or hang up after it."""
        if not self.over:
            self.over = True
            self._peer.told(HungUp(reason) if self.up else Cancelled(reason))


class HouseCallee(_End):
    """The incoming leg."""

    source = HOUSE

    def __init__(self, call_id: str, request: Request, offer: bytes | None, hops: int) -> None:
        super().__init__(call_id)
        self.request = request
        self.request_uri = request.uri
        self.caller = request.sender.user
        self.called = request.recipient.user
        self.offer = offer
        self.hops_left = hops

    def ring(self, sdp: bytes | None = None, status: int = 180) -> None:
        """Say that it rings, or give something to hear."""
        if not self.over and not self.up:
            self._peer.told(Progressed(status, sdp))

    def answer(self, sdp: bytes) -> None:
        """Answer. Nothing is lost in the house, so the acknowledgement comes at once."""
        if self.over or self.up:
            return
        self.up = self._peer.up = True
        self._peer.told(Answered(sdp))
        self.told(Acked(None))

    def reject(
        self,
        status: int,
        phrase: str | None = None,
        *,
        reason: str | None = None,
        headers: object = (),
    ) -> None:
        """Refuse."""
        del headers
        if not self.over and not self.up:
            self.over = True
            self._peer.told(Refused(status, phrase or phrase_of(status), reason))

    def hangup(self, *, reason: str | None = None) -> None:
        """Hang up, or refuse what is not answered."""
        if not self.up:
            self.reject(480, reason=reason)
        elif not self.over:
            self.over = True
            self._peer.told(HungUp(reason))


def house_call(
    target: str,
    to: str,
    caller: str,
    offer: bytes,
    hops: int,
    more: Iterable[tuple[str, str]] = (),
) -> tuple[HouseCaller, HouseCallee]:
    """Make both ends of a call to `target`; `more` are headers for its INVITE.

    Raises ValueError for what is no address.
    """
    call_id = f"{new_id()}@house"
    headers = {"from": [caller], "to": [to], "call-id": [call_id]}
    for name, value in more:
        headers.setdefault(name, []).append(value)
    request = Request("INVITE", target, headers, offer)
    ours, theirs = HouseCaller(call_id), HouseCallee(call_id, request, offer, hops)
    ours._peer, theirs._peer = _Wire(theirs), _Wire(ours)  # noqa: SLF001 - made here
    return ours, theirs


class _Wire:
    """The way to the other end: what is told arrives after what is being done, never within."""

    def __init__(self, end: _End) -> None:
        self._end = end
        self._waiting: deque[LegEvent] = deque()

    @property
    def up(self) -> bool:
        return self._end.up

    @up.setter
    def up(self, value: bool) -> None:
        self._end.up = value

    def told(self, event: LegEvent) -> None:
        self._waiting.append(event)
        if len(self._waiting) == 1:
            asyncio.get_running_loop().call_soon(self._deliver)

    def _deliver(self) -> None:
        while self._waiting:
            self._end.told(self._waiting.popleft())
