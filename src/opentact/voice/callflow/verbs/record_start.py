"""<RecordStart>: start a recording that goes on beside the flow."""

from dataclasses import dataclass
from typing import ClassVar, Final, Self, cast

from opentact.voice.callflow.grammar import Attribute, Grammar
from opentact.voice.callflow.kinds import OneOf
from opentact.voice.callflow.stage import Course, Stage
from opentact.voice.callflow.steps import DoRecordStart, Leg
from opentact.voice.callflow.verb import Given, Verb, outcome

from .record import ASR, LEG

FORMAT: Final = Attribute("format", OneOf(("wav", "mp3")), "wav", "of the file")


@dataclass(frozen=True, slots=True)
class RecordStart(Verb):
    """Starts a recording that goes on until RecordStop of the same tag, or the call's end."""

    grammar: ClassVar = Grammar(
        name="RecordStart",
        attributes=(ASR, LEG, FORMAT),
        example='<RecordStart tag="all"/><Say>We record this call.</Say><RecordStop tag="all"/>',
    )

    asr: bool
    leg: Leg
    format: str

    @classmethod
    def read(cls, given: Given) -> Self:
        return cls(given.origin(), given[ASR], cast("Leg", given[LEG]), given[FORMAT])

    def run(self, stage: Stage) -> Course:
        reply = yield DoRecordStart(at=stage.at, asr=self.asr, leg=self.leg, format=self.format)
        return outcome(reply, "Recording started")
