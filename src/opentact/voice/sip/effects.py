"""What the user agent wants done, and what it has to tell.

`Effect` is for whoever drives the agent; `LegEvent` is what happened to one call, for whoever
handles calls. A leg tells its end once: after `Cancelled`, `HungUp`, `NoAck`, `Refused`,
`TimedOut` or `Failed` nothing follows.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from opentact.voice.sip.machine import Address

if TYPE_CHECKING:
    from opentact.voice.sip.call import Call
    from opentact.voice.sip.incoming import IncomingCall


@dataclass(frozen=True, slots=True)
class Acked:
    """Our answer arrived. `sdp` is the peer's answer when the offer was ours.

    `again` when the answer was one to a re-INVITE.
    """

    sdp: bytes | None = None
    again: bool = False


@dataclass(frozen=True, slots=True)
class Cancelled:
    """The caller gave up before an answer. `reason` is the Reason header as written."""

    reason: str | None = None


@dataclass(frozen=True, slots=True)
class HungUp:
    """The peer ended the call."""

    reason: str | None = None


@dataclass(frozen=True, slots=True)
class NoAck:
    """Our answer was never acknowledged (RFC 3261 13.3.1.4); a BYE has been sent."""


@dataclass(frozen=True, slots=True)
class Reoffered:
    """A re-INVITE, to be answered with `reanswer` or `refuse_reoffer`.

    `offer` is None when the peer wants us to offer.
    """

    offer: bytes | None = None


@dataclass(frozen=True, slots=True)
class InfoReceived:
    """An INFO of the call; it has been answered."""

    content_type: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Failed:
    """The call cannot go on, for a reason of our own."""

    why: str


@dataclass(frozen=True, slots=True)
class Progressed:
    """The callee is alerting, or plays something (then `sdp` says where from)."""

    status: int
    sdp: bytes | None = None


@dataclass(frozen=True, slots=True)
class Answered:
    """The callee answered; the ACK has been sent."""

    sdp: bytes | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """A final answer other than 2xx. `reason` is the Reason header as written."""

    status: int
    phrase: str
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class TimedOut:
    """Nobody answered the INVITE, not even provisionally (timer B)."""


LegEvent = (
    Acked
    | Cancelled
    | HungUp
    | NoAck
    | Reoffered
    | InfoReceived
    | Failed
    | Progressed
    | Answered
    | Refused
    | TimedOut
)

ENDS = (Cancelled, HungUp, NoAck, Refused, TimedOut, Failed)


@dataclass(frozen=True, slots=True)
class Transmit:
    """Put these bytes on the wire. `repeat`: they went out before."""

    data: bytes
    peer: Address
    repeat: bool = False


@dataclass(frozen=True, slots=True)
class Incoming:
    """Somebody calls; 100 Trying has been sent."""

    call: "IncomingCall"


@dataclass(frozen=True, slots=True)
class Told:
    """Something happened to a call."""

    call: "Call"
    event: LegEvent


@dataclass(frozen=True, slots=True)
class Dropped:
    """A datagram was not acted upon; `reason` is one of a small set, fit to count by."""

    reason: str


Effect = Transmit | Incoming | Told | Dropped
