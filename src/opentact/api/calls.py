"""/rest/call, /rest/sip/app/call, /rest/record: calls that live, calls that were (spec/07)."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Request, Response
from pydantic import Field
from sqlalchemy import ColumnElement, String, cast, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from opentact.accounts.accounts import get_account
from opentact.kit.faults import NotFound
from opentact.voice.apps import SipControlApp, get_app_for_call
from opentact.voice.call_events import CallCard
from opentact.voice.calls import Call, CallFlowLog, CallState, Direction, get_call
from opentact.voice.recordings import RecordingState, recordings_of
from opentact.voice.transcripts import transcripts_of

from .auth import Principal
from .envelope import Envelope, errors, ok
from .search import (
    Filter,
    Found,
    SearchSpec,
    at_least,
    at_most,
    count,
    documented,
    equal,
    masked,
    one_of,
    read_search,
)
from .services import Caller, Inject, Services
from .timelines import material_of
from .wire.call_shapes import CallOut, FlowLogOut
from .wire.calls import call_entity, log_out
from .wire.timelines import findings_out
from .wire.transcripts import recording_shown

router = APIRouter(prefix="/rest", tags=["Call"])
MOST_LOGS = 1000  # entries shown with one call
_STATES = {
    **{state.value: (state,) for state in CallState},
    "online": tuple(state for state in CallState if state is not CallState.DESTROYED),
    "offline": (CallState.DESTROYED,),
}
_Seconds = Annotated[int, Field(ge=0, lt=2**31)]
_Tn = Annotated[int, Field(ge=0, lt=10**15)]


def _party(column: InstrumentedAttribute[str]) -> Filter:
    """Match a party of a call by a mask, whether the number is written with `+` or without."""

    def test(text: str) -> ColumnElement[bool]:
        bare = text.lstrip("+")
        return or_(masked(column, bare), masked(column, f"+{bare}"))

    return Filter(str, test)


def _number(text: str) -> ColumnElement[bool]:
    """Match the number that was called, however it is written."""
    return masked(cast(Call.tn, String), text.lstrip("+"))


CALLS = SearchSpec(
    "CallSearch",
    filters={
        "direction": equal(Call.direction, Literal["in", "out"], read=Direction),
        "tn": Filter(int | str, lambda value: _number(str(value))),
        "to": _party(Call.to),
        "from": _party(Call.from_),
        "state": one_of(Call.state, _STATES),
        "duration_min": at_least(Call.duration, _Seconds),
        "duration_max": at_most(Call.duration, _Seconds),
        "account": equal(Call.account_uuid, UUID),
        "sip_control_app": equal(Call.app_uuid, UUID),
        "thread": equal(Call.thread),
        "cause": equal(Call.cause),
    },
    order={
        "tn": Call.tn,
        "to": Call.to,
        "from": Call.from_,
        "state": Call.state,
        "duration": Call.duration,
        "created_on": Call.created_on,
        "modified_on": Call.modified_on,
    },
    tie=Call.uuid,
)
LOGS = SearchSpec(
    "CallFlowLogSearch",
    filters={
        "name": equal(CallFlowLog.name),
        "success": equal(CallFlowLog.success, bool),
        "from": _party(CallFlowLog.from_),
        "tn": equal(CallFlowLog.tn, _Tn),
        "call": equal(CallFlowLog.call_uuid, UUID),
    },
    order={
        "name": CallFlowLog.name,
        "from": CallFlowLog.from_,
        "tn": CallFlowLog.tn,
        "channel_uuid": CallFlowLog.call_uuid,
        "created_on": CallFlowLog.created_on,
        "modified_on": CallFlowLog.modified_on,
    },
    tie=CallFlowLog.uuid,
)


async def _search(request: Request, who: Principal, services: Services) -> Response:
    asked = await read_search(request, CALLS)
    statement = asked.narrow(select(Call).where(Call.account_uuid == who.account))
    async with services.database.read() as session:
        total = await count(session, statement)
        calls = list(await session.scalars(asked.page(statement)))
        account = await get_account(session, who.account)
        apps = await _apps(session, {call.app_uuid for call in calls if call.app_uuid})
    now = services.clock.now()
    data = [
        call_entity(
            CallCard(
                c, account, apps.get(c.app_uuid), debug_url=services.call_links.link(c.uuid, now)
            )
        )
        for c in calls
    ]
    return ok(asked.answer(total, data))


async def _apps(session: AsyncSession, uuids: set[UUID]) -> dict[UUID | None, SipControlApp]:
    if not uuids:
        return {}
    found = await session.scalars(select(SipControlApp).where(SipControlApp.uuid.in_(uuids)))
    return {app.uuid: app for app in found}


async def _one(uuid: UUID, who: Principal, services: Services) -> Response:
    async with services.database.read() as session:
        call = await get_call(session, who.account, uuid)
        account = await get_account(session, who.account)
        app = await get_app_for_call(session, call.app_uuid) if call.app_uuid else None
        logs = await session.scalars(
            select(CallFlowLog)
            .where(CallFlowLog.call_uuid == uuid)
            .order_by(CallFlowLog.created_on, CallFlowLog.uuid)
            .limit(MOST_LOGS)
        )
        records = await recordings_of(session, uuid)
        words = await transcripts_of(session, records)
        found = findings_out(await material_of(session, services, uuid, who.account))
    links = services.recording_links
    now = services.clock.now()
    urls = {r.uuid: links.link(r.uuid, now) for r in records if r.state is RecordingState.STORED}
    shown = [recording_shown(r, urls.get(r.uuid), words.get(r.uuid)) for r in records]
    card = CallCard(call, account, app, debug_url=services.call_links.link(uuid, now))
    entity = call_entity(card, [log_out(log) for log in logs], shown)
    return ok({**entity, "findings": [each for each in found if each["leg"] == str(uuid)]})


def _online(who: Principal, services: Services) -> Response:
    cards = services.switchboard.of_account(who.account)
    return ok([call_entity(card) for card in cards])


@router.post(
    "/call/search",
    operation_id="SearchCalls",
    response_model=Envelope[Found[CallOut]],
    responses=errors(),
    openapi_extra=documented(CALLS),
)
async def search(request: Request, who: Caller, services: Inject) -> Response:
    """Search the call records."""
    return await _search(request, who, services)


@router.post(
    "/sip/app/call/search",
    tags=["SIP Control App"],
    operation_id="SearchSCACalls",
    response_model=Envelope[Found[CallOut]],
    responses=errors(),
    openapi_extra=documented(CALLS),
)
async def search_old(request: Request, who: Caller, services: Inject) -> Response:
    """Search the call records, at the older address."""
    return await _search(request, who, services)


@router.get(
    "/call/online",
    operation_id="GetOnlineCalls",
    response_model=Envelope[list[CallOut]],
    responses=errors(),
)
async def online(who: Caller, services: Inject) -> Response:
    """List the calls that live now."""
    return _online(who, services)


@router.get(
    "/sip/app/call/online",
    tags=["SIP Control App"],
    operation_id="GetSIPControlAppCallsList",
    response_model=Envelope[list[CallOut]],
    responses=errors(),
)
async def online_old(who: Caller, services: Inject) -> Response:
    """List the calls that live now, at the older address."""
    return _online(who, services)


@router.get(
    "/call/{uuid}",
    operation_id="GetCall",
    response_model=Envelope[CallOut],
    responses=errors(404),
)
async def one(uuid: UUID, who: Caller, services: Inject) -> Response:
    """Show a call with its flow log and its recordings."""
    return await _one(uuid, who, services)


@router.get(
    "/sip/app/call/{uuid}",
    tags=["SIP Control App"],
    operation_id="GetSIPControlAppCall",
    response_model=Envelope[CallOut],
    responses=errors(404),
)
async def one_old(uuid: UUID, who: Caller, services: Inject) -> Response:
    """Show a call, at the older address."""
    return await _one(uuid, who, services)


@router.post(
    "/sip/app/{uuid}/logs",
    tags=["SIP Control App"],
    operation_id="SearchCallFlowLogs",
    response_model=Envelope[Found[FlowLogOut]],
    responses=errors(404),
    openapi_extra=documented(LOGS),
)
async def logs(uuid: UUID, request: Request, who: Caller, services: Inject) -> Response:
    """Search what an app's call flows did, command by command."""
    asked = await read_search(request, LOGS)
    async with services.database.read() as session:
        app = await get_app_for_call(session, uuid)
        if app is None or app.account_uuid != who.account:
            raise NotFound("SIP control app not found")
        statement = asked.narrow(
            select(CallFlowLog).where(
                CallFlowLog.app_uuid == uuid, CallFlowLog.account_uuid == who.account
            )
        )
        total = await count(session, statement)
        found = await session.scalars(asked.page(statement))
        return ok(asked.answer(total, [log_out(log) for log in found]))
