"""Placing the outgoing legs of a call: what a SIP endpoint must be able to do, and whom to ring.

A `Fork` is one INVITE that may be sent. Those that ring together are one stage; the stages of a
call are tried one after the other (voice/hunt.py).
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from .sip.effects import LegEvent
from .sip.machine import Address
from .trunk_ways import Way

if TYPE_CHECKING:
    from .sip.digest import Credentials

MOST_TARGETS = 30
"""INVITEs that one call may cause, as many as a Dial may name: more is a flood."""

Heard = Callable[[LegEvent], None]


@dataclass(frozen=True, slots=True)
class Fork:
    """One INVITE: the Request-URI, where to send it, and as whom.

    `to` and `caller` are addresses with a name; `headers` have names in lower case. `identity`
    is asserted to a peer that is trusted with it. `way` is the trunk's way that this is, to be
    told what came of it.
    """

    target: str
    to: str
    caller: str
    destination: Address | None = None
    headers: tuple[tuple[str, str], ...] = ()
    credentials: "Credentials | None" = None
    identity: str | None = None
    way: Way | None = None


Stage = Sequence[Fork]


class Talking(Protocol):
    """What a bridge needs of a leg, whoever made it. What comes too late does nothing."""

    call_id: str

    def listen(self, heard: Heard) -> None:
        """Have events told at once, those that wait first."""

    def hangup(self, *, reason: str | None = None) -> None:
        """End the call whatever its state."""

    def reoffer(self, sdp: bytes | None) -> None:
        """Propose new media; None asks the peer for an offer."""

    def acknowledge(self, sdp: bytes) -> None:
        """Answer an offer that came with the answer to a proposal without one."""

    def reanswer(self, sdp: bytes) -> None:
        """Accept a re-INVITE."""

    def refuse_reoffer(self, status: int = 488) -> None:
        """Refuse a re-INVITE; the call goes on as it was."""

    @property
    def takes_info(self) -> bool | None:
        """Whether the peer takes INFO; None if it never said."""

    def inform(self, content_type: str, body: bytes) -> None:
        """Send an INFO within the call."""


class CalledLeg(Talking, Protocol):
    """An INVITE that we sent. `alive` once its peer has said anything at all, be it 100."""

    destination: Address

    @property
    def alive(self) -> bool: ...


class CallingLeg(Talking, Protocol):
    """An INVITE that we received."""

    offer: bytes | None

    def ring(self, sdp: bytes | None = None, status: int = 180) -> None:
        """Say that it rings, or send early media."""

    def answer(self, sdp: bytes) -> None:
        """Answer."""

    def reject(
        self,
        status: int,
        phrase: str | None = None,
        *,
        reason: str | None = None,
        headers: Iterable[tuple[str, str]] = (),
    ) -> None:
        """Refuse the call."""


class DialFurther(Protocol):
    """Sends an INVITE that may pass so many more servers."""

    def __call__(self, fork: Fork, sdp: bytes, *, hops: int) -> CalledLeg:
        """Send it. Raises ValueError when it cannot be sent."""


class Dialler(Protocol):
    """Where INVITEs are sent from (adapters/sip/endpoint.py)."""

    def call(
        self,
        target: str,
        *,
        to: str,
        caller: str,
        sdp: bytes,
        destination: Address | None = None,
        headers: tuple[tuple[str, str], ...] = (),
        hops: int = 70,
        credentials: "Credentials | None" = None,
        identity: str | None = None,
    ) -> CalledLeg:
        """Send an INVITE. Raises ValueError when it cannot be written or leads nowhere."""
