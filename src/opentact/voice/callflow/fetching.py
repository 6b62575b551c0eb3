"""Fetching a document from the customer and running it in place."""

from collections.abc import Generator, Iterable
from urllib.parse import quote, urlencode, urlsplit, urlunsplit

from .document import read
from .faults import FlowRefused
from .stage import CallFacts, Course, Outcome, Stage, Visit
from .steps import Ask, DoFetch, Failed, Fetched, Reply
from .verb import count, each

Params = Iterable[tuple[str, str]]


def with_params(url: str, params: Params) -> str:
    """Add to a URL's query, leaving what is there as it was written; a fragment is dropped."""
    parts = urlsplit(url)
    added = urlencode(list(params), quote_via=quote, safe="")
    query = "&".join(filter(None, [parts.query, added]))
    return urlunsplit(parts._replace(query=query, fragment=""))


def call_params(facts: CallFacts) -> Params:
    """Name the call as Gather and Callback do (spec/09, remote requests; spec/11 D-14)."""
    fields = facts.fields()
    named = {"from": "from", "tn": "to", "state": "state", "sca": None, "call": "uuid"}
    for param, name in named.items():
        value = facts.app if name is None else fields.get(name)
        yield param, "" if value is None else str(value)


def fetched(
    stage: Stage, ask: DoFetch
) -> Generator[Ask | Visit, Reply | Outcome | None, Fetched | Failed]:
    """Fetch within the flow's budget; give what came, or why nothing did."""
    stage.budget.fetch()
    reply = yield ask
    if not isinstance(reply, Fetched | Failed):
        raise TypeError(f"expected Fetched or Failed, was sent {reply!r}")
    return reply


def fetch_and_run(stage: Stage, ask: DoFetch, *, empty_is_fine: bool = False) -> Course:
    """Fetch, read and run; a failure of any of the three steps before running is the outcome."""
    reply = yield from fetched(stage, ask)
    if isinstance(reply, Failed):
        return Outcome(success=False, reason=reply.reason)
    if empty_is_fine and not reply.body.strip():
        return Outcome(success=True, reason="answered with no commands")
    try:
        flow = read(reply.body)
    except FlowRefused as refusal:
        return Outcome(success=False, reason=f"the answer of {_host(ask.url)}: {refusal}")
    yield from each(flow.verbs, stage.next_response())
    return Outcome(success=True, reason=f"fetched, {count(len(flow.verbs))}")


def _host(url: str) -> str:
    return urlsplit(url).netloc.rpartition("@")[2]
