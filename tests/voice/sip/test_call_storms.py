"""Calls in any order of deeds over a bad network: each ends once, and nothing is left."""

from collections import deque
from collections.abc import Iterator

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule

from opentact.voice.sip.call import Call
from opentact.voice.sip.effects import ENDS
from opentact.voice.sip.incoming import IncomingCall
from opentact.voice.sip.invitation import Invitation
from voice.sip.wire import ANSWER, OFFER, Side, Wire

TARGET = "sip:+12015550101@192.0.2.2"
SDPS = st.sampled_from([OFFER, ANSWER, b"v=0\r\ns=hold\r\n"])


class Weather(Iterator[str]):
    """What becomes of the next datagrams, as the rules decide; fine when they say nothing."""

    def __init__(self) -> None:
        self.ahead: deque[str] = deque()

    def __next__(self) -> str:
        return self.ahead.popleft() if self.ahead else "."


class CallStorm(RuleBasedStateMachine):
    calls = Bundle("calls")

    def __init__(self) -> None:
        super().__init__()
        self.weather = Weather()
        self.wire = Wire(on_call=lambda *_: None)
        self.wire._fates = self.weather
        self.callers: list[Call] = []
        self.left: set[Call] = set()

    @rule(target=calls, sdp=st.sampled_from([OFFER, OFFER, b""]), reliable=st.booleans())
    def call(self, sdp: bytes, *, reliable: bool) -> Call:
        extra = (("require", "100rel"),) if reliable else ()
        wanted = Invitation(TARGET, TARGET, "sip:ann@192.0.2.1", sdp, extra=extra)
        call = self.wire.caller.agent.invite(wanted, self.wire.now)
        self.callers.append(call)
        self.wire.flush()
        return call

    @rule(fates=st.text("x2l.", min_size=1, max_size=6))
    def change_the_weather(self, fates: str) -> None:
        self.weather.ahead.extend(fates)

    @rule(seconds=st.sampled_from([0.0, 0.1, 0.6, 2.5, 5.0, 40.0, 1000.0]))
    def wait(self, seconds: float) -> None:
        self.wire.run(until=self.wire.now + seconds)

    @rule(at=st.integers(0, 9), status=st.sampled_from([180, 183]), sdp=st.booleans())
    def ring(self, at: int, status: int, *, sdp: bool) -> None:
        for call in self.callee(at):
            call.ring(self.wire.now, ANSWER if sdp else None, status)

    @rule(at=st.integers(0, 9))
    def answer(self, at: int) -> None:
        for call in self.callee(at):
            call.answer(ANSWER, self.wire.now)

    @rule(at=st.integers(0, 9), status=st.sampled_from([302, 407, 486, 503, 603]))
    def reject(self, at: int, status: int) -> None:
        for call in self.callee(at):
            if call.phase.name == "STARTING":
                self.left.add(call)
            call.reject(status, self.wire.now)

    @rule(call=calls)
    def caller_leaves(self, call: Call) -> None:
        self.leave(call)

    @rule(at=st.integers(0, 9))
    def callee_leaves(self, at: int) -> None:
        for call in self.callee(at):
            self.leave(call)

    @rule(at=st.integers(0, 19), sdp=st.one_of(st.none(), SDPS))
    def reoffer(self, at: int, sdp: bytes | None) -> None:
        for call in self.anyone(at):
            call.reoffer(sdp, self.wire.now)

    @rule(at=st.integers(0, 19), sdp=st.one_of(st.none(), SDPS))
    def update(self, at: int, sdp: bytes | None) -> None:
        for call in self.anyone(at):
            call.update(sdp, self.wire.now)

    @rule(at=st.integers(0, 19), sdp=SDPS)
    def reanswer(self, at: int, sdp: bytes) -> None:
        for call in self.anyone(at):
            call.reanswer(sdp, self.wire.now)

    @rule(at=st.integers(0, 19))
    def refuse_reoffer(self, at: int) -> None:
        for call in self.anyone(at):
            call.refuse_reoffer(488, self.wire.now)

    @rule(at=st.integers(0, 19), sdp=SDPS)
    def acknowledge(self, at: int, sdp: bytes) -> None:
        for call in self.anyone(at):
            call.acknowledge(sdp, self.wire.now)

    @invariant()
    def nothing_follows_an_end(self) -> None:
        for side, call in self.everyone():
            heard = side.heard_by.get(call, [])
            assert not any(isinstance(event, ENDS) for event in heard[:-1])

    def teardown(self) -> None:
        """The callers leave in fine weather; then everybody has come to one end."""
        self.weather.ahead.clear()
        for call in self.callers:
            self.leave(call)
        self.wire.run(until=self.wire.now + 2500.0)
        for side, call in self.everyone():
            ends = [one for one in side.heard_by.get(call, []) if isinstance(one, ENDS)]
            assert len(ends) == (0 if call in self.left else 1), (call, side.heard_by.get(call))
        assert self.wire.caller.is_empty
        assert self.wire.callee.is_empty

    def leave(self, call: Call) -> None:
        if not call.is_over:
            self.left.add(call)
        call.hangup(self.wire.now)
        self.wire.flush()

    def callee(self, at: int) -> list[IncomingCall]:
        calls = self.wire.callee.calls
        return [calls[at % len(calls)]] if calls else []

    def anyone(self, at: int) -> list[Call]:
        everyone = [call for _, call in self.everyone()]
        return [everyone[at % len(everyone)]] if everyone else []

    def everyone(self) -> list[tuple[Side, Call]]:
        callers = [(self.wire.caller, call) for call in self.callers]
        return callers + [(self.wire.callee, call) for call in self.wire.callee.calls]


TestCallStorm = CallStorm.TestCase
TestCallStorm.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
