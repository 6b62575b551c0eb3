"""Two user agents and the network between them, in virtual time.

`fate` has one letter per datagram, in the order they are sent: `.` arrives, `x` is lost, `2`
arrives twice, `l` arrives half a second late (and so overtaken). What it does not name arrives.
"""

from collections.abc import Callable, Iterator
from heapq import heappop, heappush
from itertools import count

from opentact.voice.sip.agent import Agent
from opentact.voice.sip.effects import Dropped, Effect, Incoming, LegEvent, Told, Transmit
from opentact.voice.sip.incoming import IncomingCall
from opentact.voice.sip.invite_usage import InviteUsage
from opentact.voice.sip.machine import Address
from opentact.voice.sip.outgoing import Invitation, OutgoingCall
from opentact.voice.sip.routing import Identity

OFFER = b"v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\n"
ANSWER = b"v=0\r\no=- 2 2 IN IP4 192.0.2.2\r\ns=-\r\n"
LATE = 0.5

Script = Callable[[IncomingCall, float], None]


def words(prefix: str) -> Callable[[], str]:
    """Tokens that a reader of a failed test can tell apart."""
    numbers = count(1)
    return lambda: f"{prefix}{next(numbers)}"


class Side:
    def __init__(self, name: str, host: str) -> None:
        self.address = Address(host, 5060)
        self.agent = Agent(Identity(host, 5060), words(name))
        self.heard: list[LegEvent] = []
        self.heard_by: dict[InviteUsage, list[LegEvent]] = {}
        self.dropped: list[str] = []
        self.calls: list[IncomingCall] = []

    @property
    def is_empty(self) -> bool:
        core = self.agent.core
        return (
            not core.calls
            and not core.ringing
            and not len(core.transactions)
            and not len(core.alarms)
            and self.agent.wake_at is None
        )


class Wire:
    def __init__(self, fate: str = "", *, on_call: Script | None = None) -> None:
        self.caller, self.callee = Side("a", "192.0.2.1"), Side("b", "192.0.2.2")
        self.now = 0.0
        self.story: list[str] = []
        self._fates: Iterator[str] = iter(fate)
        self._flying: list[tuple[float, int, bytes, Side]] = []
        self._order = count()
        self._on_call = on_call or (lambda call, now: call.answer(ANSWER, now))

    def call(self, sdp: bytes = OFFER) -> OutgoingCall:
        invitation = Invitation(
            "sip:+12015550101@192.0.2.2",
            "sip:+12015550101@192.0.2.2",
            '"Ann" <sip:+12015550100@192.0.2.1>',
            sdp,
        )
        call = self.caller.agent.invite(invitation, self.now)
        self.flush()
        return call

    def flush(self) -> None:
        """Put on the wire what verbs have left to be done."""
        for side in (self.caller, self.callee):
            self._carry_out(side, side.agent.effects())

    def run(self, until: float = 300.0) -> None:
        """Let the network and all timers go on until nothing is left to happen."""
        self.flush()
        while (at := self._next()) is not None and at <= until:
            self.now = max(self.now, at)
            if self._flying and self._flying[0][0] <= at:
                _, _, data, side = heappop(self._flying)
                source = self._other(side).address
                self._carry_out(side, side.agent.datagram(data, source, self.now))
                continue
            for side in (self.caller, self.callee):
                self._carry_out(side, side.agent.woken(self.now))
        self.now = until

    def ladder(self) -> str:
        return "\n" + "".join(f"{line.rstrip()}\n" for line in self.story)

    def _next(self) -> float | None:
        moments = [self.caller.agent.wake_at, self.callee.agent.wake_at]
        moments += [self._flying[0][0]] if self._flying else []
        return min((at for at in moments if at is not None), default=None)

    def _other(self, side: Side) -> Side:
        return self.callee if side is self.caller else self.caller

    def _carry_out(self, side: Side, effects: list[Effect]) -> None:
        for effect in effects:
            match effect:
                case Transmit(data, peer):
                    assert peer == self._other(side).address
                    self._launch(side, data)
                case Told(call, event):
                    side.heard.append(event)
                    side.heard_by.setdefault(call, []).append(event)
                case Dropped(reason):
                    side.dropped.append(reason)
                case Incoming(incoming):
                    side.calls.append(incoming)
                    # As when the handler has to ask somebody first.
                    incoming.trying(self.now)
                    self._on_call(incoming, self.now)
                    self._carry_out(side, side.agent.effects())

    def _launch(self, side: Side, data: bytes) -> None:
        fate = next(self._fates, ".")
        words = data.split(b"\r\n", 1)[0].decode().split(" ")
        name = words[1] if words[0] == "SIP/2.0" else words[0]
        arrow = "x" if fate == "x" else fate.strip(".")
        if side is self.caller:
            self.story.append(f"{self.now:.1f}  {name} -{arrow or '>'}")
        else:
            self.story.append(f"{self.now:.1f}             {arrow or '<'}- {name}")
        for _ in range({"x": 0, "2": 2}.get(fate, 1)):
            at = self.now + (LATE if fate == "l" else 0.0)
            heappush(self._flying, (at, next(self._order), data, self._other(side)))
