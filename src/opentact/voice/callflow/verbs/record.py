"""<Record>: record the caller, beside what follows or while its children run."""

from dataclasses import dataclass
from typing import ClassVar, Final, Literal, Self, cast

from opentact.voice.callflow.grammar import FLOW, Attribute, Grammar
from opentact.voice.callflow.kinds import Flag, Keys, OneOf, Whole, milliseconds
from opentact.voice.callflow.stage import Course, Stage, Unwound
from opentact.voice.callflow.steps import DoRecordStart, DoRecordStop, Failed, Leg
from opentact.voice.callflow.verb import Given, Verb, each, outcome

Format = Literal["wav", "mp3"]
LEG: Final = Attribute(
    "leg", OneOf(("aleg", "bleg", "both")), "aleg", "whom to record: caller, callee or both"
)
ASR: Final = Attribute(
    "asr", Flag(), default=False, says="write down what is said, once the call is over"
)
TIMEOUT: Final = Attribute[int | None](
    "timeout", milliseconds(100), None, "longest recording; without children 60000 unless given"
)
FORMAT: Final = Attribute("format", OneOf(("wav", "mp3")), "wav", "of the file")
CHANNELS: Final = Attribute[int | None](
    "channels", Whole(1, 2), None, "1 or 2, each side on its own; 2 unless given for both legs"
)
DTMF_STOP: Final = Attribute("dtmf_stop", Keys(), "", "keys that end the recording")
_BACKGROUND_MS = 60_000  # spec/11 D-13
_SILENCE_MS = 5_000  # spec/11 D-13


@dataclass(frozen=True, slots=True)
class Record(Verb):
    """Records the call under the name of its tag.

    With children it records while they run. Without, it records beside the commands that follow,
    until 5 s of silence, `timeout` or a key of `dtmf_stop`.
    """

    grammar: ClassVar = Grammar(
        name="Record",
        attributes=(ASR, TIMEOUT, DTMF_STOP, LEG, FORMAT, CHANNELS),
        children=FLOW,
        example=(
            '<Record tag="vm" asr="true" timeout="60000">'
            '<Pause length="60000" dtmf_stop="#"/></Record><Play record="vm"/>'
        ),
    )

    asr: bool
    timeout_ms: int | None
    stop_keys: str
    leg: Leg
    format: Format
    channels: Literal[1, 2] | None
    verbs: tuple[Verb, ...]

    @classmethod
    def read(cls, given: Given) -> Self:
        return cls(
            given.origin(),
            asr=given[ASR],
            timeout_ms=given[TIMEOUT],
            stop_keys=given[DTMF_STOP],
            leg=cast("Leg", given[LEG]),
            format=cast("Format", given[FORMAT]),
            channels=cast("Literal[1, 2] | None", given[CHANNELS]),
            verbs=given.verbs,
        )

    def run(self, stage: Stage) -> Course:
        reply = yield self._start(stage)
        if isinstance(reply, Failed) or not self.verbs:
            return outcome(reply, "Recording started")
        stage.note = "Recording made"
        try:
            yield from each(self.verbs)
        except Unwound:
            yield DoRecordStop(at=stage.at)
            raise
        return outcome((yield DoRecordStop(at=stage.at)), stage.note)

    def _start(self, stage: Stage) -> DoRecordStart:
        alone = not self.verbs
        return DoRecordStart(
            at=stage.at,
            asr=self.asr,
            max_ms=self.timeout_ms or (_BACKGROUND_MS if alone else None),
            silence_ms=_SILENCE_MS if alone else None,
            stop_keys=self.stop_keys,
            leg=self.leg,
            format=self.format,
            channels=self.channels,
        )
