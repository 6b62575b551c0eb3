"""<Hold>: put the call on hold."""

from dataclasses import dataclass
from typing import ClassVar, Final, Self

from opentact.voice.callflow.call_steps import DoHold
from opentact.voice.callflow.grammar import Attribute, Grammar
from opentact.voice.callflow.kinds import milliseconds
from opentact.voice.callflow.stage import Course, Stage
from opentact.voice.callflow.verb import Given, Verb, outcome

TIMEOUT: Final = Attribute("timeout", milliseconds(), 300_000, "at most this long")


@dataclass(frozen=True, slots=True)
class Hold(Verb):
    """Puts the call on hold with music, until Unhold is posted or the timeout; then goes on."""

    grammar: ClassVar = Grammar(
        name="Hold",
        attributes=(TIMEOUT,),
        example='<Hold timeout="60000"/>',
    )

    timeout_ms: int

    @classmethod
    def read(cls, given: Given) -> Self:
        return cls(given.origin(), given[TIMEOUT])

    def run(self, stage: Stage) -> Course:
        return outcome((yield DoHold(at=stage.at, timeout_ms=self.timeout_ms)), "Call was on hold")
