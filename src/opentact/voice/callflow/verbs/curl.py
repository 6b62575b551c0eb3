"""<Curl> and its <Header>: an HTTP request from the flow."""

from dataclasses import dataclass
from typing import ClassVar, Final, Self

from opentact.voice.callflow.fetching import fetch_and_run, fetched
from opentact.voice.callflow.grammar import REQUIRED, Attribute, Grammar
from opentact.voice.callflow.kinds import Matching, OneOf, Text, Url, milliseconds
from opentact.voice.callflow.stage import Course, Outcome, Stage
from opentact.voice.callflow.steps import DoFetch, Failed
from opentact.voice.callflow.verb import Element, Given, Verb

from .error import Error

NAME: Final = Attribute(
    "name",
    Matching("the name of a header", r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,128}"),  # RFC 9110 5.6.2
    REQUIRED,
    "of the header",
)
VALUE: Final = Attribute("value", Text(), REQUIRED, "of the header")
URL: Final = Attribute("url", Url(), REQUIRED, "where it goes")
METHOD: Final = Attribute(
    "method", OneOf(("GET", "POST", "PUT", "PATCH", "DELETE")), "GET", "of HTTP"
)
BODY: Final = Attribute[str | None]("body", Text(), None, "what is sent")
TIMEOUT: Final = Attribute("timeout", milliseconds(1, 120_000), 5_000, "for the answer")
RESPONSE: Final = Attribute(
    "response", OneOf(("ignore", "use")), "ignore", "run what is answered as a flow, or not"
)


MAX_HEADERS: Final = 20


@dataclass(frozen=True, slots=True)
class Header(Element):
    """A header of the Curl around it."""

    grammar: ClassVar = Grammar(
        name="Header",
        attributes=(NAME, VALUE),
        text=VALUE,
        example=(
            '<Curl url="https://crm.example.org/hit"><Header name="X-Key" value="k1"/></Curl>'
        ),
    )

    name: str
    value: str

    @classmethod
    def read(cls, given: Given) -> Self:
        return cls(given.origin(), given[NAME], given[VALUE])


@dataclass(frozen=True, slots=True)
class Curl(Verb):
    """Makes an HTTP request; what is answered is run as a flow or ignored.

    It fails when there is no answer of the kind 2xx within the timeout.
    """

    grammar: ClassVar = Grammar(
        name="Curl",
        attributes=(URL, METHOD, BODY, TIMEOUT, RESPONSE),
        children=("Header", "Error"),
        once=("Error",),
        example=(
            '<Curl url="https://crm.example.org/hit" method="POST" body="n=1" response="ignore">'
            '<Header name="X-Key" value="k1"/></Curl>'
        ),
    )

    url: str
    method: str
    body: str | None
    timeout_ms: int
    response: str
    headers: tuple[Header, ...]

    @classmethod
    def read(cls, given: Given) -> Self:
        headers = given.all(Header)
        if len(headers) > MAX_HEADERS:
            raise ValueError(f"{len(headers)} headers; expected at most {MAX_HEADERS}")
        return cls(
            given.origin(given.first(Error)),
            url=given[URL],
            method=given[METHOD],
            body=given[BODY],
            timeout_ms=given[TIMEOUT],
            response=given[RESPONSE],
            headers=headers,
        )

    def run(self, stage: Stage) -> Course:
        ask = DoFetch(
            at=stage.at,
            method=self.method,
            url=self.url,
            body=None,
            timeout_ms=self.timeout_ms,
            purpose="Curl",
            headers=tuple((header.name, header.value) for header in self.headers),
            content=self.body,
        )
        if self.response == "use":
            return fetch_and_run(stage, ask, empty_is_fine=True)
        return _send(stage, ask)


def _send(stage: Stage, ask: DoFetch) -> Course:
    reply = yield from fetched(stage, ask)
    if isinstance(reply, Failed):
        return Outcome(success=False, reason=reply.reason)
    return Outcome(success=True, reason=f"answered with {len(reply.body)} bytes")
