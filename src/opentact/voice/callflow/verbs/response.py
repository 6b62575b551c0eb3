"""<Response>: the root of every document."""

from dataclasses import dataclass
from typing import ClassVar

from opentact.voice.callflow.grammar import FLOW, Grammar
from opentact.voice.callflow.verb import Element


@dataclass(frozen=True, slots=True)
class Response(Element):
    """Holds the commands of a flow, which run in order. At its end the call is hung up."""

    grammar: ClassVar = Grammar(
        name="Response", children=FLOW, example="<Answer/><Say>Goodbye.</Say>"
    )
