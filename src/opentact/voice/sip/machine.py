"""What all four SIP transactions share: a state, a table of transitions, a few timers.

A transition is looked up in the machine's table; what the table does not name is absorbed in
silence: on UDP, late and repeated is normal. Timers are counted from when they were due, not
from when somebody got round to them, so a late caller does not shift the ladder.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import ClassVar, NamedTuple

T1 = 0.5  # RFC 3261 17.1.1.1: the estimate of a round trip, in seconds
T2 = 4.0  # RFC 3261 17.1.2.1: the longest pause between repeats
T4 = 5.0  # RFC 3261 17.1.2.2: the longest that a message stays in the network
TIMEOUT = 64 * T1  # timers B, F, H, J, L and M


class Address(NamedTuple):
    """Where messages go or came from: host (without brackets), port, and by which transport.

    `transport` is one of "udp", "tcp", "tls", "ws" and "wss". `flow` names one connection
    (RFC 5626's word); 0 is UDP, or any connection that leads there. `name` is the one that a
    certificate must be for (RFC 5922), when `host` was looked up; "" to take `host`.
    """

    host: str
    port: int
    transport: str = "udp"
    flow: int = 0
    name: str = ""

    @property
    def is_reliable(self) -> bool:
        """Whether what is sent arrives or the connection breaks: no repeats are needed."""
        return self.transport != "udp"

    def __str__(self) -> str:
        place = f"[{self.host}]" if ":" in self.host else self.host
        return f"{place}:{self.port}"


class State(Enum):
    CALLING = auto()
    TRYING = auto()
    PROCEEDING = auto()
    ACCEPTED = auto()  # RFC 6026: a 2xx went by; repeats of it are not our business
    COMPLETED = auto()
    CONFIRMED = auto()
    TERMINATED = auto()

    # Looked up for every message: by identity, which Enum's own, by name, costs six times.
    __hash__ = object.__hash__


class Input(Enum):
    REQUEST = auto()  # the request came again
    ACK = auto()
    PROVISIONAL = auto()
    SUCCESS = auto()
    FAILURE = auto()
    RESEND_TIMER = auto()  # A, E or G
    TIMEOUT_TIMER = auto()  # B, F or H
    LINGER_TIMER = auto()  # D, I, J, K, L or M

    __hash__ = object.__hash__


class Action(Enum):
    NOTHING = auto()
    SEND = auto()  # the response that came from the user
    RESEND = auto()  # what was sent last
    PASS = auto()  # the response, to the user
    ACK = auto()
    ACK_AND_PASS = auto()
    GIVE_UP = auto()


@dataclass(frozen=True, slots=True)
class Send:
    """Put this on the wire, to the transaction's peer. `repeat`: it went out before."""

    data: bytes
    repeat: bool = False


@dataclass(frozen=True, slots=True)
class GaveUp:
    """Nothing came in time (timer B, F or H)."""


Table = Mapping[tuple[State, Input], tuple[State, Action]]


class Machine:
    """A transaction, or rather what is the same in all of them."""

    table: ClassVar[Table]
    __slots__ = ("_due", "method", "peer", "state")

    def __init__(self, method: str, peer: Address, state: State) -> None:
        self.method = method
        self.peer = peer
        self.state = state
        self._due: dict[Input, float] = {}

    @property
    def wake_at(self) -> float | None:
        """When `due_timer` has something, if nothing happens before."""
        return min(self._due.values(), default=None)

    def due_timer(self, now: float) -> tuple[Input, float] | None:
        """Take the timer that is due first, with the time at which it was."""
        if not self._due:
            return None
        timer = min(self._due, key=self._due.__getitem__)
        due = self._due[timer]
        if due > now:
            return None
        del self._due[timer]
        return timer, due

    def move(self, what: Input, now: float) -> Action:
        """Take the transition and arm the timers of the state it leads to."""
        then, action = self.table.get((self.state, what), (self.state, Action.NOTHING))
        if then is not self.state:
            self.state = then
            self._due = self._timers(now)
            if self._due.get(Input.LINGER_TIMER, now + 1) <= now:
                # Nothing to wait for: a reliable transport repeats nothing.
                self.state, self._due = State.TERMINATED, {}
        return action

    def _timers(self, now: float) -> dict[Input, float]:
        """Timers of the state just entered; those of the last are forgotten."""
        raise NotImplementedError

    def _resending(self, now: float, pause: float, until: float) -> dict[Input, float]:
        """Timers of a state that repeats until something comes: over UDP only (RFC 3261 17)."""
        timers = {Input.TIMEOUT_TIMER: until}
        if not self.peer.is_reliable:
            timers[Input.RESEND_TIMER] = now + pause
        return timers

    def _lingering(self, now: float, seconds: float) -> dict[Input, float]:
        """Timers of a state that waits for repeats, which only UDP can bring."""
        return {Input.LINGER_TIMER: now if self.peer.is_reliable else now + seconds}

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.method} {self.peer} {self.state.name}>"


def grade(status: int) -> Input:
    """Tell what a response is to a transaction."""
    if status < 200:  # noqa: PLR2004 - RFC 3261 7.2
        return Input.PROVISIONAL
    return Input.SUCCESS if status < 300 else Input.FAILURE  # noqa: PLR2004 - RFC 3261 7.2
