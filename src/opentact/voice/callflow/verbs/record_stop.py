"""<RecordStop>: end a recording."""

from dataclasses import dataclass
from typing import ClassVar, Self

from opentact.voice.callflow.grammar import Grammar
from opentact.voice.callflow.stage import Course, Stage
from opentact.voice.callflow.steps import DoRecordStop
from opentact.voice.callflow.verb import Given, Verb, outcome


@dataclass(frozen=True, slots=True)
class RecordStop(Verb):
    """Ends the recording of its tag; without a tag the one started last."""

    grammar: ClassVar = Grammar(
        name="RecordStop",
        example="<RecordStart/><Say>We record this call.</Say><RecordStop/>",
    )

    @classmethod
    def read(cls, given: Given) -> Self:
        return cls(given.origin())

    def run(self, stage: Stage) -> Course:
        return outcome((yield DoRecordStop(at=stage.at)), "Recording stopped")
