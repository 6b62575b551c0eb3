"""<Pause>: silence."""

from dataclasses import dataclass
from typing import ClassVar, Final, Self

from opentact.voice.callflow.grammar import Attribute, Grammar
from opentact.voice.callflow.kinds import Keys, milliseconds
from opentact.voice.callflow.stage import Course, Stage
from opentact.voice.callflow.steps import DoPause
from opentact.voice.callflow.verb import Given, Verb, outcome

LENGTH: Final = Attribute("length", milliseconds(), 1000, "how long")
DTMF_STOP: Final = Attribute("dtmf_stop", Keys(), "", "keys that end it early")


@dataclass(frozen=True, slots=True)
class Pause(Verb):
    """Keeps silent. A key of `dtmf_stop` ends it early and is used up by that."""

    grammar: ClassVar = Grammar(
        name="Pause",
        attributes=(LENGTH, DTMF_STOP),
        example='<Pause length="2000" dtmf_stop="#"/>',
    )

    length_ms: int
    stop_keys: str

    @classmethod
    def read(cls, given: Given) -> Self:
        return cls(given.origin(), given[LENGTH], given[DTMF_STOP])

    def run(self, stage: Stage) -> Course:
        reply = yield DoPause(
            at=stage.at,
            length_ms=self.length_ms,
            stop_keys=self.stop_keys,
            barge_in=stage.barge_in,
        )
        return outcome(reply, f"Paused for at most {self.length_ms} ms")
