"""A flow rehearsed: played in virtual time against a caller who only presses keys.

Nothing is dialled, played, recorded or fetched. Each fetch fails, so what a rehearsal shows is
also what callers get when the customer's server is down.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from .call_steps import DoDial, DoHold, DoNote, DoRecordWait, DoReject, DoTone, DoUnhold
from .document import FlowDocument
from .interpreter import start
from .kinds import KEYS
from .stage import CallFacts
from .steps import (
    Ask,
    Digits,
    DoAnswer,
    DoCollect,
    DoFetch,
    DoHangup,
    Done,
    DoPause,
    DoPlay,
    DoRecordStart,
    DoRecordStop,
    DoSay,
    Ended,
    Failed,
    Reply,
    Report,
)

STOP = ","  # among the digits: the caller presses nothing more until asked again
_KEY_MS = 400  # a practised finger
_CHARACTER_MS = 65  # speech runs at about 15 characters a second
_FILE_MS = 3_000  # nobody knows how long a file is that is not fetched


Dials = Literal["nobody", "busy", "answer"]
TALK_MS = 10_000


@dataclass(frozen=True, slots=True)
class Moment:
    """One line of the timeline."""

    at_ms: int
    event: str
    path: str
    line: int
    text: str
    success: bool = True


def rehearse(
    flow: FlowDocument, facts: CallFacts, digits: str = "", dials: Dials = "nobody"
) -> Iterator[Moment]:
    """Play the flow; the caller presses `digits` in order, whenever keys are taken.

    Who is dialled is busy, does not answer (`nobody`), or talks for `TALK_MS` (`answer`).

    A comma in the digits means: press nothing more until the next question. ValueError if there
    is anything else that no telephone has.
    """
    if strange := set(digits.upper()) - set(KEYS + STOP):
        raise ValueError(f"no keys of a telephone: {' '.join(sorted(strange))}")
    return _Rehearsal(deque(digits.upper()), dials).play(flow, facts)


@dataclass(slots=True)
class _Rehearsal:
    keys: deque[str]
    dials: Dials = "nobody"
    now_ms: int = 0
    answered: bool = False
    heard: list[Moment] = field(default_factory=list)

    def play(self, flow: FlowDocument, facts: CallFacts) -> Iterator[Moment]:
        run = start(flow, facts)
        reply: Reply | None = None
        while True:
            try:
                ask = run.send(reply)
            except StopIteration as stop:
                end = stop.value
                text = f"{end.why}: {end.reason}" if end.reason else str(end.why)
                yield Moment(self.now_ms, "end", "", 0, text, end.why != "error")
                return
            if isinstance(ask, Report):
                reply = None
                self._tell(ask, "report", ask.command.message, success=ask.command.success)
            else:
                reply = self._live(ask)
            yield from self.heard
            self.heard.clear()

    def _tell(self, ask: Ask, event: str, text: str, *, success: bool = True) -> None:
        self.heard.append(Moment(self.now_ms, event, ask.path, ask.line, text, success))

    def _live(self, ask: Ask) -> Reply:
        """Let the caller live through what is asked."""
        match ask:
            case DoAnswer():
                return self._answer(ask)
            case DoSay() | DoPlay():
                return self._listen(ask)
            case DoPause():
                return self._wait(ask)
            case DoCollect():
                return self._enter(ask)
            case DoFetch():
                self._tell(ask, "fetch", f"{ask.method} {ask.url}", success=False)
                return Failed("nothing is fetched in a rehearsal")
            case _:
                return self._rest(ask)

    def _answer(self, ask: DoAnswer) -> Reply:
        already, self.answered = self.answered, True
        self._tell(ask, "answer", "was answered before" if already else "answers the call")
        self.now_ms += 0 if already else ask.delay_ms
        return Done("Call was answered before" if already else "")

    def _listen(self, ask: DoSay | DoPlay) -> Reply:
        times = f" ({ask.loop} times)" if ask.loop > 1 else ""
        if isinstance(ask, DoSay):
            self._tell(ask, "say", f"{ask.text}{times}")
            self.now_ms += ask.loop * _CHARACTER_MS * len(ask.text)
        else:
            self._tell(ask, "play", f"{ask.url or f'recording {ask.record}'}{times}")
            self.now_ms += ask.loop * _FILE_MS
        return Done()

    def _wait(self, ask: DoPause) -> Reply:
        ends = f", a key of {ask.stop_keys} ends it" if ask.stop_keys else ""
        self._tell(ask, "pause", f"{ask.length_ms} ms{ends}")
        if self.keys and self.keys[0] in ask.stop_keys:
            key = self.keys.popleft()
            # Halfway: long enough to be seen, short enough to have stopped something.
            self.now_ms += ask.length_ms // 2
            self._tell(ask, "keys", f"presses {key}")
            return Done(f"Stopped by {key}")
        self.now_ms += ask.length_ms
        return Done()

    def _enter(self, ask: DoCollect) -> Reply:
        most = "1 key" if ask.max_digits == 1 else f"{ask.max_digits} keys"
        stops = f", {ask.stop_keys} ends them" if ask.stop_keys else ""
        self._tell(ask, "collect", f"waits for at most {most}{stops}")
        digits, pressed = "", ""
        ended = Ended.TIMEOUT
        while self.keys and self.keys[0] != STOP and ended is Ended.TIMEOUT:
            key = self.keys.popleft()
            pressed += key
            if key in ask.stop_keys:
                ended = Ended.STOP_KEY
            else:
                digits += key
                ended = Ended.LENGTH if len(digits) == ask.max_digits else ended
        if self.keys and ended is Ended.TIMEOUT:
            self.keys.popleft()
        self.now_ms += _KEY_MS * len(pressed)
        if pressed:
            self._tell(ask, "keys", f"presses {pressed}")
        if ended is Ended.TIMEOUT:
            self.now_ms += ask.inter_digit_ms if pressed else ask.timeout_ms
        return Digits(digits, ended)

    def _rest(self, ask: Ask) -> Reply:
        name = f" {ask.tag}" if ask.tag else ""
        match ask:
            case DoRecordStart():
                self._tell(ask, "record", f"starts recording{name}")
            case DoRecordStop():
                self._tell(ask, "record", f"stops recording{name}")
            case DoHangup():
                self._tell(ask, "hangup", f"hangs up{name}")
            case DoReject():
                self._tell(ask, "hangup", f"turns the call down as {ask.reason}")
            case DoNote():
                self._tell(ask, "note", f"{ask.name} = {ask.value}")
            case DoDial():
                return self._dial(ask)
            case DoHold() | DoUnhold() | DoTone() | DoRecordWait():
                return self._let_pass(ask)
            case _:
                raise TypeError(f"cannot rehearse {ask!r}")
        return Done()

    def _dial(self, ask: DoDial) -> Reply:
        self._tell(ask, "dial", f"calls {', '.join(ask.targets)}", success=self.dials == "answer")
        if self.dials == "answer":
            self.now_ms += TALK_MS
            return Done("Call was connected: The callee hung up")
        if self.dials == "busy":
            return Failed("The callee is busy")
        self.now_ms += ask.timeout_ms
        return Failed("The callee did not answer in time")

    def _let_pass(self, ask: DoHold | DoUnhold | DoTone | DoRecordWait) -> Reply:
        """Let the time pass that it takes when nobody interferes."""
        match ask:
            case DoHold():
                self._tell(ask, "hold", f"is on hold, {ask.timeout_ms} ms at most")
                self.now_ms += ask.timeout_ms
            case DoUnhold():
                self._tell(ask, "hold", "is taken off hold")
            case DoTone():
                hz = ", ".join(map(str, ask.hz))
                self._tell(ask, "tone", f"{hz} Hz, {ask.on_ms} ms ({ask.loop} times)")
                self.now_ms += min(ask.timeout_ms, ask.loop * (ask.on_ms + ask.off_ms))
            case DoRecordWait():
                self._tell(ask, "record", "waits for a recording to end")
        return Done()
