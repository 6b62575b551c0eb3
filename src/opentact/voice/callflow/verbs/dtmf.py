"""<DTMF>: what to do when certain keys were entered."""

from dataclasses import dataclass
from typing import ClassVar, Final, Self

from opentact.voice.callflow.grammar import FLOW, REQUIRED, Attribute, Grammar
from opentact.voice.callflow.kinds import Keys
from opentact.voice.callflow.verb import Block, Given

# 64 keys: the longest thing people key in (a card with its dates and codes) stays below.
MAX_KEYS: Final = 64
VALUE: Final = Attribute("value", Keys(MAX_KEYS, 1), REQUIRED, "the keys it answers to")


@dataclass(frozen=True, slots=True)
class Dtmf(Block):
    """Runs when exactly these keys were entered into the Gather around it."""

    grammar: ClassVar = Grammar(
        name="DTMF",
        attributes=(VALUE,),
        children=FLOW,
        example='<Gather dtmf_length="1"><DTMF value="1"><Say>Sales.</Say></DTMF></Gather>',
    )

    digits: str

    @classmethod
    def read(cls, given: Given) -> Self:
        return cls(given.origin(), given.verbs, given[VALUE])
