"""<Answer>: take the call."""

from dataclasses import dataclass
from typing import ClassVar, Final, Self

from opentact.voice.callflow.grammar import Attribute, Grammar
from opentact.voice.callflow.kinds import milliseconds
from opentact.voice.callflow.stage import Course, Stage
from opentact.voice.callflow.steps import DoAnswer
from opentact.voice.callflow.verb import Given, Verb, outcome

DELAY: Final = Attribute("delay", milliseconds(), 0, "wait before the next command")


@dataclass(frozen=True, slots=True)
class Answer(Verb):
    """Answers the call (SIP 200 OK). On a call that is answered already it does nothing."""

    grammar: ClassVar = Grammar(
        name="Answer",
        attributes=(DELAY,),
        example='<Answer delay="500" tag="in"/>',
    )

    delay_ms: int

    @classmethod
    def read(cls, given: Given) -> Self:
        return cls(given.origin(), given[DELAY])

    def run(self, stage: Stage) -> Course:
        reply = yield DoAnswer(at=stage.at, delay_ms=self.delay_ms)
        return outcome(reply, "Call answered")
