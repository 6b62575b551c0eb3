"""<Unhold>: take the call off hold."""

from dataclasses import dataclass
from typing import ClassVar, Self

from opentact.voice.callflow.grammar import Grammar
from opentact.voice.callflow.verb import Given, Unrunnable


@dataclass(frozen=True, slots=True)
class Unhold(Unrunnable):
    """Resumes a call that Hold put on hold."""

    grammar: ClassVar = Grammar(
        name="Unhold", cannot_run="calls cannot be put on hold", example="<Unhold/>"
    )

    @classmethod
    def read(cls, given: Given) -> Self:
        return cls(given.origin())
