"""<Dial>: call others, and connect the first who answers."""

from dataclasses import dataclass
from typing import ClassVar, Final, Self

from opentact.voice.callflow.call_steps import DoDial
from opentact.voice.callflow.grammar import Attribute, Grammar
from opentact.voice.callflow.kinds import Matching, OneOf, milliseconds
from opentact.voice.callflow.stage import Course, Stage
from opentact.voice.callflow.verb import Given, Verb, outcome

from .error import Error
from .targets import ANY, Target

TARGET: Final = Attribute[str | None]("target", ANY, None, "whom to call, if only one")
TIMEOUT: Final = Attribute("timeout", milliseconds(1_000), 60_000, "how long it may ring")
FROM: Final = Attribute[str | None](
    "from",
    Matching("a number in E.164", r"\+?[1-9][0-9]{6,14}"),
    None,
    "the caller id shown: a number of one's own, or a verified one",
)
RECORD: Final = Attribute(
    "record", OneOf(("do-not-record", "record-from-answer")), "do-not-record", "record both"
)
# Each target is a call of its own: a slip of the pen should not ring a whole town.
MAX_TARGETS: Final = 20


@dataclass(frozen=True, slots=True)
class Dial(Verb):
    """Calls all targets at once and connects the first who answers; the others are dropped.

    When the callee hangs up, the flow goes on with the next command. If nobody answers, the
    Error block runs.
    """

    grammar: ClassVar = Grammar(
        name="Dial",
        attributes=(TARGET, TIMEOUT, FROM, RECORD),
        text=TARGET,
        children=("To", "Number", "Sip", "Error"),
        once=("Error",),
        example=(
            "<Dial><To>alice@shop.sip.example.org</To><To>12015550123</To>"
            '<Error><Say>Nobody is free.</Say><Hangup tag="busy"/></Error></Dial>'
        ),
    )

    targets: tuple[str, ...]
    timeout_ms: int
    caller_id: str | None
    record: bool

    @classmethod
    def read(cls, given: Given) -> Self:
        targets = tuple(target.target for target in given.all(Target))
        if (alone := given[TARGET]) is not None:
            targets = (alone, *targets)
        if not targets:
            raise ValueError("expected at least one <To>, <Number>, <Sip> or a target as text")
        if len(targets) > MAX_TARGETS:
            raise ValueError(f"{len(targets)} targets; expected at most {MAX_TARGETS}")
        error = given.first(Error)
        record = given[RECORD] == "record-from-answer"
        return cls(given.origin(error), targets, given[TIMEOUT], given[FROM], record)

    def run(self, stage: Stage) -> Course:
        reply = yield DoDial(
            at=stage.at,
            targets=self.targets,
            timeout_ms=self.timeout_ms,
            caller_id=self.caller_id,
            record=self.record,
        )
        return outcome(reply, "Call was connected")
