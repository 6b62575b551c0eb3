"""Running a flow: a conversation of asks and replies, without media, network or clock.

Theory of operation
-------------------
Each verb at work is a generator (its course). The courses of nested verbs stand on a stack of
our own rather than delegate to one another, so that documents fetched by fetched documents
cost neither recursion nor time. A verb's end is reported, then told to the verb that visited
it. When the flow is over early (hang-up, interruption, a limit), `Unwound` is thrown into each
open course from the top, which may tidy up with more asks; each is reported as well.
"""

from collections.abc import Generator
from dataclasses import dataclass, replace

from .document import FlowDocument
from .stage import Budget, CallFacts, Course, Outcome, Stage, Unwound, Visit
from .steps import Ask, At, Command, End, Failed, Interrupted, Reply, Report, Why
from .verb import Verb

Run = Generator[Ask, Reply | None, End]
_Feed = Reply | Outcome | Unwound | None


def start(flow: FlowDocument, facts: CallFacts, budget: Budget | None = None) -> Run:
    """Begin to run a flow: `send(None)` for the first ask, then each reply, until it returns.

    A call whose flow is replaced hands the same `budget` to the next one.
    """
    return _Interpreter(facts, budget or Budget()).run(flow)


@dataclass(slots=True)
class _Frame:
    visit: Visit
    stage: Stage
    course: Course


class _Interpreter:
    def __init__(self, facts: CallFacts, budget: Budget) -> None:
        self._facts = facts
        self._budget = budget
        self._stack: list[_Frame] = []
        self._end: End | None = None

    def run(self, flow: FlowDocument) -> Run:
        for verb in flow.verbs:
            feed: _Feed = self._enter(Visit(verb), "")
            while self._stack:
                feed = yield from self._advance(feed)
            if self._end:
                return self._end
        return End(Why.DOCUMENT)

    def _advance(self, feed: _Feed) -> Generator[Ask, Reply | None, _Feed]:
        """Take the innermost verb one wish further, and say what to feed the innermost then."""
        frame = self._stack[-1]
        try:
            if isinstance(feed, Unwound):
                wish = frame.course.throw(feed)
            else:
                wish = frame.course.send(feed)
        except StopIteration as stop:
            outcome: Outcome = stop.value
        except Unwound as unwound:
            self._end = self._end or unwound.end
            outcome = _left(frame, unwound.end)
        else:
            if isinstance(wish, Visit):
                return self._enter(wish, frame.stage.base)
            return self._answered((yield wish))
        return (yield from self._leave(outcome))

    def _enter(self, visit: Visit, base: str) -> Unwound | None:
        try:
            self._budget.step()
        except Unwound as unwound:
            self._end = self._end or unwound.end
            return unwound
        base = base if visit.base is None else visit.base
        origin = visit.verb.origin
        at = At(f"{base}{origin.path}", origin.line, origin.tag)
        stage = Stage(at, base, self._facts, self._budget, visit.barge_in)
        self._stack.append(_Frame(visit, stage, _perform(visit.verb, stage)))
        return None

    def _answered(self, reply: Reply | None) -> Reply | Unwound | None:
        if not isinstance(reply, Interrupted):
            return reply
        if self._end:
            # Already leaving: what still tidies up is only told that it cannot.
            return Failed(reply.reason)
        self._end = End(Why.INTERRUPTED, reply.reason)
        return Unwound(self._end)

    def _leave(self, outcome: Outcome) -> Generator[Ask, Reply | None, Outcome | Unwound | None]:
        """Take the innermost verb off, and report it."""
        frame = self._stack.pop()
        stage = frame.stage
        command = Command(
            frame.visit.verb.grammar.name,
            outcome.success,
            outcome.reason,
            stage.at.path,
            tuple(stage.children),
            tuple(stage.error),
            stage.at.tag,
        )
        if self._stack:
            outer = self._stack[-1].stage
            summary = replace(command, children=(), error=())
            (outer.error if frame.visit.role == "error" else outer.children).append(summary)
        reply = yield Report(at=stage.at, command=command)
        if isinstance(reply, Interrupted) and not self._end:
            self._end = End(Why.INTERRUPTED, reply.reason)
        self._end = self._end or outcome.ends
        return Unwound(self._end) if self._end else outcome


def _perform(verb: Verb, stage: Stage) -> Course:
    """Run a verb and, if it fails, its `<Error>` block."""
    outcome = yield from verb.run(stage)
    block = verb.origin.on_error
    if outcome.success or outcome.handled or block is None:
        return outcome
    stage.note = outcome.reason
    yield Visit(block, role="error")
    return replace(outcome, ends=None)


def _left(frame: _Frame, end: End) -> Outcome:
    """Say what came of a verb that the end of the flow cut short."""
    if end.why is not Why.HANGUP:
        return Outcome(success=False, reason=end.reason)
    return Outcome(success=not frame.stage.error, reason=frame.stage.note or "ended by a Hangup")
