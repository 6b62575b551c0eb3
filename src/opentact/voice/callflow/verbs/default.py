"""<Default>: what to do when no branch was chosen."""

from dataclasses import dataclass
from typing import ClassVar

from opentact.voice.callflow.grammar import FLOW, Grammar
from opentact.voice.callflow.verb import Block


@dataclass(frozen=True, slots=True)
class Default(Block):
    """Directly in a Gather: nothing was entered. In a Switch: no Case answers to what was."""

    grammar: ClassVar = Grammar(
        name="Default",
        children=FLOW,
        example='<Gather dtmf_length="1"><Default><Say>No key pressed.</Say></Default></Gather>',
    )
