"""<Redirect>: go on with another flow."""

from dataclasses import dataclass, replace
from typing import ClassVar, Final, Self

from opentact.voice.callflow.fetching import call_params, fetch_and_run, with_params
from opentact.voice.callflow.grammar import REQUIRED, Attribute, Grammar
from opentact.voice.callflow.kinds import OneOf, Url
from opentact.voice.callflow.stage import Course, Stage
from opentact.voice.callflow.steps import DoFetch, End, Why
from opentact.voice.callflow.verb import Given, Verb

URL: Final = Attribute("url", Url(), REQUIRED, "where the other flow is fetched from")
TIMEOUT_MS: Final = 5_000  # as for Callback
METHOD: Final = Attribute("method", OneOf(("GET", "POST")), "GET", "of HTTP")


@dataclass(frozen=True, slots=True)
class Redirect(Verb):
    """Fetches a flow and goes on with it in place of this one.

    The query is that of Callback. If it cannot be had, the flow ends, unless an Error block
    stands behind.
    """

    grammar: ClassVar = Grammar(
        name="Redirect",
        attributes=(URL, METHOD),
        text=URL,
        example="<Redirect>https://ivr.example.org/other</Redirect>",
    )

    url: str
    method: str

    @classmethod
    def read(cls, given: Given) -> Self:
        return cls(given.origin(), given[URL], given[METHOD])

    def run(self, stage: Stage) -> Course:
        came = yield from fetch_and_run(
            stage,
            DoFetch(
                at=stage.at,
                method=self.method,
                url=with_params(self.url, call_params(stage.facts)),
                body=None,
                timeout_ms=TIMEOUT_MS,
                purpose="Redirect",
            ),
        )
        why = Why.DOCUMENT if came.success else Why.ERROR
        return replace(came, ends=End(why, came.reason, stage.at.tag))
