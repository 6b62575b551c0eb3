"""<Redirect>: go on with another flow."""

from dataclasses import dataclass
from typing import ClassVar, Final, Self

from opentact.voice.callflow.grammar import REQUIRED, Attribute, Grammar
from opentact.voice.callflow.kinds import OneOf, Url
from opentact.voice.callflow.verb import Given, Parting

URL: Final = Attribute("url", Url(), REQUIRED, "where the other flow is fetched from")
METHOD: Final = Attribute("method", OneOf(("GET", "POST")), "GET", "of HTTP")


@dataclass(frozen=True, slots=True)
class Redirect(Parting):
    """Fetches a flow and goes on with it in place of this one."""

    grammar: ClassVar = Grammar(
        name="Redirect",
        attributes=(URL, METHOD),
        text=URL,
        cannot_run="use <Callback>, which fetches a flow and runs it in place",
        example="<Redirect>https://ivr.example.org/other</Redirect>",
    )

    url: str
    method: str

    @classmethod
    def read(cls, given: Given) -> Self:
        return cls(given.origin(), given[URL], given[METHOD])
