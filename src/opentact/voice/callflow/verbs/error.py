"""<Error>: what to do when a command failed."""

from dataclasses import dataclass
from typing import ClassVar

from opentact.voice.callflow.grammar import FLOW, Grammar
from opentact.voice.callflow.verb import Block


@dataclass(frozen=True, slots=True)
class Error(Block):
    """Runs when the command around it failed, or the one before it if it stands among commands.

    Directly in a Gather that is also an unknown code. In a Switch: nothing was entered.
    """

    grammar: ClassVar = Grammar(
        name="Error",
        children=FLOW,
        example=(
            '<Play url="https://ivr.example.org/a.mp3"/><Error><Say>No music today.</Say></Error>'
        ),
    )
