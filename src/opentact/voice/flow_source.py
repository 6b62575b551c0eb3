"""Where a call's flow comes from: the app's URL, else its static flow, else nobody knows yet.

The static flow is also the fallback when the URL fails; then a spoken apology (spec/11 D-25,
D-26). Every step that fails is told as a `call_flow` event with its reason.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from opentact.kit.faults import Fault

from .apps import SipControlApp
from .callflow.document import FlowDocument, read
from .callflow.steps import Command
from .fetching import FLOW_BYTES, XML_TYPES, FetchPort

MOST_SECONDS = 60.0  # "no timeout" still ends while a caller may be listening to it ring
ONCE_MORE = frozenset({"fetch_timeout", "fetch_unreachable", "fetch_status"})

APOLOGY = read(
    b"<Response><Say>We are sorry. This number cannot take your call at the moment."
    b" Please try again later.</Say><Hangup/></Response>"
)


class NotXml(Fault):
    """The call-flow URL answered something that is no XML: it must answer a Response document."""

    code = "call_flow_not_xml"
    status = 502


@dataclass(frozen=True, slots=True)
class Chosen:
    """The flow to run; `apology` when it only says sorry. No flow: the call is parked."""

    flow: FlowDocument | None
    apology: bool = False


Tell = Callable[[Command], None]


async def choose_flow(
    app: SipControlApp,
    static: bytes | None,
    entity: Callable[[], dict[str, Any]],
    *,
    fetcher: FetchPort,
    tell: Tell,
) -> Chosen:
    """Find the first flow of a call; `entity` gives the call as JSON, `static` is the app's own."""
    if app.call_flow_url:
        try:
            return Chosen(await _from_url(app, app.call_flow_url, entity(), fetcher, tell))
        except Fault as fault:
            tell(_failed("call_flow_url", fault))
    if static is not None:
        try:
            return Chosen(read(static))
        except Fault as fault:
            tell(_failed("static_call_flow", fault))
    if app.call_flow_url or static is not None:
        return Chosen(APOLOGY, apology=True)
    return Chosen(None)


async def _from_url(
    app: SipControlApp, url: str, entity: dict[str, Any], fetcher: FetchPort, tell: Tell
) -> FlowDocument:
    try:
        return await _ask(app, url, entity, fetcher)
    except Fault as fault:
        if fault.code not in ONCE_MORE:
            raise
        tell(_failed("call_flow_url", fault))
    return await _ask(app, url, entity, fetcher)


async def _ask(
    app: SipControlApp, url: str, entity: dict[str, Any], fetcher: FetchPort
) -> FlowDocument:
    answer = await fetcher.fetch(
        app.call_flow_method,
        url,
        params=[("from", str(entity["from"])), ("to", str(entity["to"]))],
        json=entity if app.call_flow_method == "POST" else None,
        timeout=seconds(app.call_flow_request_timeout),
        max_bytes=FLOW_BYTES,
        accept=XML_TYPES,
    )
    if answer.content_type in {"text/html", "application/json"}:
        raise NotXml(f"The call-flow URL answered {answer.content_type}, not XML")
    return read(answer.body)


def seconds(timeout_ms: int | None) -> float:
    """Read a timeout of spec/05: milliseconds, null or 0 for as long as we wait at most."""
    return min(timeout_ms / 1000, MOST_SECONDS) if timeout_ms else MOST_SECONDS


def _failed(path: str, fault: Fault) -> Command:
    return Command("CallFlow", success=False, reason=f"{fault.code}: {fault}", path=path)
