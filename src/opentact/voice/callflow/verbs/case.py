"""<Case>: what to do when certain keys were entered, in the old syntax."""

from dataclasses import dataclass
from typing import ClassVar, Final, Self

from opentact.voice.callflow.grammar import FLOW, REQUIRED, Attribute, Grammar
from opentact.voice.callflow.kinds import Keys
from opentact.voice.callflow.verb import Block, Given

from .dtmf import MAX_KEYS

DTMF: Final = Attribute("dtmf", Keys(MAX_KEYS, 1), REQUIRED, "the keys it answers to")


@dataclass(frozen=True, slots=True)
class Case(Block):
    """Runs when exactly these keys were entered into the old Gather around it."""

    grammar: ClassVar = Grammar(
        name="Case",
        attributes=(DTMF,),
        children=FLOW,
        example=(
            '<Gather numDigits="1"><Switch>'
            '<Case dtmf="1"><Say>Sales.</Say></Case>'
            "</Switch></Gather>"
        ),
    )

    digits: str

    @classmethod
    def read(cls, given: Given) -> Self:
        return cls(given.origin(), given.verbs, given[DTMF])
