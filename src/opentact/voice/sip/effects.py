"""What the user agent wants done, and what it has to tell.

`Effect` is for whoever drives the agent; `LegEvent` is what happened to one call, for whoever
handles calls. A leg tells its end once: after `Cancelled`, `HungUp`, `NoAck`, `Refused`,
`TimedOut`, `Expired` or `Failed` nothing follows.
"""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from opentact.voice.sip.machine import Address
from opentact.voice.sip.message import Headers

if TYPE_CHECKING:
    from opentact.voice.sip.incoming import IncomingCall
    from opentact.voice.sip.invite_usage import InviteUsage
    from opentact.voice.sip.outside import ReceivedRequest, SentRequest


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
    """Our answer was never acknowledged (RFC 3261 13.3.1.4); a BYE has been sent.

    Or a reliable 18x of ours was not (RFC 3262 section 3), and the INVITE was refused.
    """


@dataclass(frozen=True, slots=True)
class Expired:
    """The peer is no longer there, and a BYE has been sent.

    Its session timer ran out (RFC 4028 section 10), or it answered a request of ours within
    the call with 408 or 481, or not at all (RFC 3261 12.2.1.2). `why` says which.
    """

    why: str


@dataclass(frozen=True, slots=True)
class Reoffered:
    """A re-INVITE or UPDATE, to be answered with `reanswer` or `refuse_reoffer`.

    `offer` is None when the peer wants us to offer.
    """

    offer: bytes | None = None


@dataclass(frozen=True, slots=True)
class Reanswered:
    """The peer accepted what `reoffer` or `update` proposed; `sdp` is its answer."""

    sdp: bytes | None = None


@dataclass(frozen=True, slots=True)
class ReofferRefused:
    """The peer refused what `reoffer` or `update` proposed; the call goes on as it was."""

    status: int


@dataclass(frozen=True, slots=True)
class EarlyAnswered:
    """The caller's PRACK brought the answer to the offer in our 18x (RFC 3262 section 5)."""

    sdp: bytes


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
    """The callee is alerting, or plays something (then `sdp` says where from).

    `fork` is the tag of the one that said so: a proxy may ring several.
    """

    status: int
    sdp: bytes | None = None
    fork: str | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Answered:
    """The callee answered; the ACK has been sent.

    `identity` is its P-Asserted-Identity as written, to be believed only of a trusted peer.
    """

    sdp: bytes | None = None
    identity: str | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """A final answer other than 2xx. `reason` is the Reason header as written.

    `contacts` are the URIs a 3xx names, best first; `retry_after` seconds, if it says any.
    """

    status: int
    phrase: str
    reason: str | None = None
    contacts: tuple[str, ...] = ()
    retry_after: int | None = None


@dataclass(frozen=True, slots=True)
class TimedOut:
    """Nobody answered the INVITE, not even provisionally (timer B)."""


LegEvent = (
    Acked
    | Cancelled
    | HungUp
    | NoAck
    | Expired
    | Reoffered
    | Reanswered
    | ReofferRefused
    | EarlyAnswered
    | InfoReceived
    | Failed
    | Progressed
    | Answered
    | Refused
    | TimedOut
)

ENDS = (Cancelled, HungUp, NoAck, Refused, TimedOut, Expired, Failed)


@dataclass(frozen=True, slots=True)
class Transmit:
    """Put these bytes on the wire. `repeat`: they went out before."""

    data: bytes
    peer: Address
    repeat: bool = False


@dataclass(frozen=True, slots=True)
class Incoming:
    """Somebody calls; whoever is told sends 100 Trying, or something better."""

    call: "IncomingCall"


@dataclass(frozen=True, slots=True)
class Told:
    """Something happened to a call."""

    call: "InviteUsage"
    event: LegEvent


@dataclass(frozen=True, slots=True)
class Asked:
    """A request outside of any dialog that is served above (REGISTER)."""

    asked: "ReceivedRequest"


@dataclass(frozen=True, slots=True)
class Reply:
    """The final answer to a request of ours outside of any dialog; 408 when there was none."""

    status: int
    phrase: str
    headers: Headers = field(default_factory=dict)

    def first(self, name: str) -> str | None:
        """Give a header's first value as written, or None; the name is in lower case."""
        values = self.headers.get(name)
        return values[0] if values else None


@dataclass(frozen=True, slots=True)
class Replied:
    """A request of ours outside of any dialog was answered for good."""

    sent: "SentRequest"
    reply: Reply


@dataclass(frozen=True, slots=True)
class Dropped:
    """A datagram was not acted upon; `reason` is one of a small set, fit to count by."""

    reason: str


Effect = Transmit | Incoming | Told | Asked | Replied | Dropped
