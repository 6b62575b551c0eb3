"""<Hold>: put the call on hold."""

from dataclasses import dataclass
from typing import ClassVar, Final, Self

from opentact.voice.callflow.grammar import Attribute, Grammar
from opentact.voice.callflow.kinds import milliseconds
from opentact.voice.callflow.verb import Given, Unrunnable

TIMEOUT: Final = Attribute("timeout", milliseconds(), 300_000, "at most this long")


@dataclass(frozen=True, slots=True)
class Hold(Unrunnable):
    """Puts the call on hold, until Unhold or the timeout."""

    grammar: ClassVar = Grammar(
        name="Hold",
        attributes=(TIMEOUT,),
        cannot_run="calls cannot be put on hold",
        example='<Hold timeout="60000"/>',
    )

    timeout_ms: int

    @classmethod
    def read(cls, given: Given) -> Self:
        return cls(given.origin(), given[TIMEOUT])
