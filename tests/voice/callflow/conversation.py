"""Flows in conversation: what they asked, what they reported, how they ended."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from opentact.voice.callflow.document import read
from opentact.voice.callflow.faults import FlowRefused
from opentact.voice.callflow.interpreter import Run, start
from opentact.voice.callflow.stage import Budget, CallFacts, Fact
from opentact.voice.callflow.steps import (
    Ask,
    Command,
    Digits,
    DoCollect,
    DoFetch,
    Done,
    DoPlay,
    DoSay,
    End,
    Ended,
    Failed,
    Fetched,
    Reply,
    Report,
    Why,
)

CALL: Mapping[str, Fact] = {
    "uuid": "6a1ffcf8-abaf-422a-9bfc-ec1349a2b81c",
    "from": "+12015550100",
    "to": "12015550199",
    "state": "live",
    "duration": 7,
    "parent": None,
    "recorded": False,
}
FACTS = CallFacts(fields=lambda: CALL, app="app-uuid")


@dataclass
class Story:
    """What came of a flow."""

    asks: list[Ask] = field(default_factory=list)
    commands: list[Command] = field(default_factory=list)
    end: End = field(default_factory=lambda: End(Why.DOCUMENT))

    @property
    def heard(self) -> list[str]:
        """What the caller was told or played."""
        return [
            ask.text if isinstance(ask, DoSay) else str(ask.url or ask.record)
            for ask in self.asks
            if isinstance(ask, DoSay | DoPlay)
        ]

    @property
    def messages(self) -> list[str]:
        return [command.message for command in self.commands]

    @property
    def fetched(self) -> list[DoFetch]:
        return [ask for ask in self.asks if isinstance(ask, DoFetch)]

    def came_of(self, path: str) -> Command:
        [command] = [command for command in self.commands if command.path == path]
        return command


def converse(
    flow: str,
    *answers: str | Reply,
    unless: Mapping[str, Reply] | None = None,
    facts: CallFacts = FACTS,
    budget: Budget | None = None,
) -> Story:
    """Run the commands; DoCollect and DoFetch take the answers in order, the rest is done.

    A plain string answers a question with digits, or a fetch with a document's commands.
    `unless` replies to the asks of a path in its own way.
    """
    story, waiting = Story(), list(answers)

    def live(ask: Ask) -> Reply | None:
        if isinstance(ask, Report):
            story.commands.append(ask.command)
            return None
        story.asks.append(ask)
        return (unless or {}).get(ask.path) or _reply(ask, waiting)

    run = start(read(f"<Response>{flow}</Response>".encode()), facts, budget)
    story.end = drive(run, live)
    assert waiting == [], "nobody asked for these"
    return story


def drive(run: Run, live: Callable[[Ask], Reply | None], reply: Reply | None = None) -> End:
    """Answer every ask of a flow until it ends; `reply` is to the ask it waits for, if any."""
    while True:
        try:
            ask = run.send(reply)
        except StopIteration as stop:
            end = stop.value
            break
        reply = live(ask)
    assert isinstance(end, End)
    return end


def _reply(ask: Ask, waiting: list[str | Reply]) -> Reply:
    if not isinstance(ask, DoCollect | DoFetch):
        return Done()
    answer = waiting.pop(0)
    if not isinstance(answer, str):
        return answer
    if isinstance(ask, DoFetch):
        return Fetched(f"<Response>{answer}</Response>".encode())
    return Digits(answer, Ended.LENGTH if answer else Ended.TIMEOUT)


def refusal(document: str | bytes) -> list[str]:
    """Read a document that is to be refused; give its findings."""
    try:
        read(document if isinstance(document, bytes) else document.encode())
    except FlowRefused as refused:
        return [str(finding) for finding in refused.findings]
    raise AssertionError("it was read")


def wrong(flow: str) -> str:
    """Give the one thing wrong with some commands, without its place."""
    [finding] = refusal(f"<Response>{flow}</Response>")
    return finding.split(": ", 1)[1]


NO = Failed("no")
