"""<Callback>: fetch a flow and run it in place."""

from dataclasses import dataclass
from typing import ClassVar, Final, Self

from opentact.voice.callflow.fetching import call_params, fetch_and_run, with_params
from opentact.voice.callflow.grammar import REQUIRED, Attribute, Grammar
from opentact.voice.callflow.kinds import Flag, OneOf, Url, milliseconds
from opentact.voice.callflow.stage import Course, Stage
from opentact.voice.callflow.steps import DoFetch
from opentact.voice.callflow.verb import Given, Verb

from .error import Error

URL: Final = Attribute("url", Url(), REQUIRED, "where the flow is fetched from")
METHOD: Final = Attribute("method", OneOf(("GET", "POST", "PATCH", "DELETE")), "GET", "of HTTP")
BODY: Final = Attribute("body", Flag(), default=False, says="send the call as JSON")
# 5 s: what the examples of spec/09 give a server; a caller hears nothing meanwhile.
TIMEOUT: Final = Attribute("timeout", milliseconds(1, 120_000), 5_000, "for the answer")


@dataclass(frozen=True, slots=True)
class Callback(Verb):
    """Fetches a flow from a URL and runs it in place.

    The query carries `from`, `tn`, `state`, `sca` (the app), `call` and the tag. If the fetch
    fails, or what is answered is no flow, its Error block runs.
    """

    grammar: ClassVar = Grammar(
        name="Callback",
        attributes=(URL, METHOD, BODY, TIMEOUT),
        text=URL,
        children=("Error",),
        once=("Error",),
        aliases=("callback",),
        example=(
            '<Callback url="https://ivr.example.org/flow" method="POST" body="true"'
            ' timeout="5000" tag="step1"><Error><Say>Service unavailable.</Say></Error></Callback>'
        ),
    )

    url: str
    method: str
    body: bool
    timeout_ms: int

    @classmethod
    def read(cls, given: Given) -> Self:
        return cls(
            given.origin(given.first(Error)),
            url=given[URL],
            method=given[METHOD],
            body=given[BODY],
            timeout_ms=given[TIMEOUT],
        )

    def run(self, stage: Stage) -> Course:
        params = [*call_params(stage.facts)]
        if stage.at.tag is not None:
            params.append(("tag", stage.at.tag))
        return fetch_and_run(
            stage,
            DoFetch(
                at=stage.at,
                method=self.method,
                url=with_params(self.url, params),
                body="call" if self.body else None,
                timeout_ms=self.timeout_ms,
                purpose="Callback",
            ),
        )
