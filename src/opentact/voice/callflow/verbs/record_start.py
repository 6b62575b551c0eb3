"""<RecordStart>: start a recording that goes on beside the flow."""

from dataclasses import dataclass
from typing import ClassVar, Literal, Self, cast

from opentact.voice.callflow.grammar import Grammar
from opentact.voice.callflow.stage import Course, Stage
from opentact.voice.callflow.steps import DoRecordStart, Leg
from opentact.voice.callflow.verb import Given, Verb, outcome

from .record import ASR, CHANNELS, FORMAT, LEG, Format


@dataclass(frozen=True, slots=True)
class RecordStart(Verb):
    """Starts a recording that goes on until RecordStop of the same tag, or the call's end."""

    grammar: ClassVar = Grammar(
        name="RecordStart",
        attributes=(ASR, LEG, FORMAT, CHANNELS),
        example='<RecordStart tag="all"/><Say>We record this call.</Say><RecordStop tag="all"/>',
    )

    asr: bool
    leg: Leg
    format: Format
    channels: Literal[1, 2] | None

    @classmethod
    def read(cls, given: Given) -> Self:
        return cls(
            given.origin(),
            given[ASR],
            cast("Leg", given[LEG]),
            cast("Format", given[FORMAT]),
            cast("Literal[1, 2] | None", given[CHANNELS]),
        )

    def run(self, stage: Stage) -> Course:
        reply = yield DoRecordStart(
            at=stage.at,
            asr=self.asr,
            leg=self.leg,
            format=self.format,
            channels=self.channels,
        )
        return outcome(reply, "Recording started")
