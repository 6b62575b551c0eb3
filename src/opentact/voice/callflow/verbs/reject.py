"""<Reject>: turn the call down."""

from dataclasses import dataclass
from typing import ClassVar, Self

from opentact.voice.callflow.grammar import Grammar
from opentact.voice.callflow.verb import Given, Parting


@dataclass(frozen=True, slots=True)
class Reject(Parting):
    """Turns the call down without answering it, and ends the flow."""

    grammar: ClassVar = Grammar(
        name="Reject", cannot_run="calls cannot be turned down by a flow", example="<Reject/>"
    )

    @classmethod
    def read(cls, given: Given) -> Self:
        return cls(given.origin())
