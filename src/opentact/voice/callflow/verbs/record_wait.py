"""<RecordWait>: wait until a recording has ended."""

from dataclasses import dataclass
from typing import ClassVar, Final, Self

from opentact.voice.callflow.grammar import Attribute, Grammar
from opentact.voice.callflow.kinds import milliseconds
from opentact.voice.callflow.verb import Given, Unrunnable

TIMEOUT: Final = Attribute("timeout", milliseconds(), 60_000, "at most this long")


@dataclass(frozen=True, slots=True)
class RecordWait(Unrunnable):
    """Waits until the recording of its tag has ended."""

    grammar: ClassVar = Grammar(
        name="RecordWait",
        attributes=(TIMEOUT,),
        cannot_run="use <Record> with commands inside, which records while they run",
        example='<RecordWait tag="vm" timeout="30000"/>',
    )

    timeout_ms: int

    @classmethod
    def read(cls, given: Given) -> Self:
        return cls(given.origin(), given[TIMEOUT])
