"""<RecordWait>: wait until a recording has ended."""

from dataclasses import dataclass
from typing import ClassVar, Final, Self

from opentact.voice.callflow.call_steps import DoRecordWait
from opentact.voice.callflow.grammar import Attribute, Grammar
from opentact.voice.callflow.kinds import milliseconds
from opentact.voice.callflow.stage import Course, Stage
from opentact.voice.callflow.verb import Given, Verb, outcome

TIMEOUT: Final = Attribute("timeout", milliseconds(), 60_000, "at most this long")


@dataclass(frozen=True, slots=True)
class RecordWait(Verb):
    """Waits until the recording of its tag, or the one started last, has ended by itself."""

    grammar: ClassVar = Grammar(
        name="RecordWait",
        attributes=(TIMEOUT,),
        example='<RecordWait tag="vm" timeout="30000"/>',
    )

    timeout_ms: int

    @classmethod
    def read(cls, given: Given) -> Self:
        return cls(given.origin(), given[TIMEOUT])

    def run(self, stage: Stage) -> Course:
        reply = yield DoRecordWait(at=stage.at, timeout_ms=self.timeout_ms)
        return outcome(reply, "Recording ended")
