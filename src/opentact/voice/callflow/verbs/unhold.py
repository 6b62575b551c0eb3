"""<Unhold>: take the call off hold."""

from dataclasses import dataclass
from typing import ClassVar, Self

from opentact.voice.callflow.call_steps import DoUnhold
from opentact.voice.callflow.grammar import Grammar
from opentact.voice.callflow.stage import Course, Stage
from opentact.voice.callflow.verb import Given, Verb, outcome


@dataclass(frozen=True, slots=True)
class Unhold(Verb):
    """Resumes a call that Hold put on hold."""

    grammar: ClassVar = Grammar(name="Unhold", example="<Unhold/>")

    @classmethod
    def read(cls, given: Given) -> Self:
        return cls(given.origin())

    def run(self, stage: Stage) -> Course:
        return outcome((yield DoUnhold(at=stage.at)), "Call off hold")
