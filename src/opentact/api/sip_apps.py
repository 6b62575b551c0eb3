"""/rest/sip/app: control apps, what answers a call (spec/05)."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import Field
from sqlalchemy.ext.asyncio import AsyncSession

from opentact.accounts.ownership import get_owned, get_to_change, list_owned
from opentact.numbers.targets import Target
from opentact.voice.apps import (
    SipControlApp,
    change_control_app,
    create_control_app,
    remove_control_app,
)

from .around import load_around, owner
from .auth import Principal
from .envelope import Envelope, errors, ok
from .fields import Changes, Count, Flag, Name, WebUrl, Whole
from .lease_links import refuse_if_leased
from .services import Caller, Inject, Services
from .sip_fields import EndpointFields
from .wire.sip import AppOut, app_out

Method = Literal["GET", "POST"]
YEAR_MIN = 366 * 24 * 60
Timeout = Annotated[Count, Field(description="ms; null waits without end, 0 leaves it to the OS")]


class AppFields(EndpointFields):
    """A control app's fields."""

    auto_answer: Flag = True
    max_call_length_min: Annotated[Whole, Field(ge=1, le=YEAR_MIN)] | None = None
    webhook_url: WebUrl | None = None
    webhook_method: Method = "GET"
    webhook_request_timeout: Timeout | None = None
    call_flow_url: WebUrl | None = None
    call_flow_method: Method = "GET"
    call_flow_request_timeout: Timeout | None = None


class AppNew(AppFields):
    """A new control app."""

    name: Name


class AppUpdate(AppFields, Changes):
    """What to change of a control app."""

    name: Name = ""


router = APIRouter(prefix="/rest/sip/app", tags=["SIP Control App"])


async def _shown(
    session: AsyncSession, services: Services, who: Principal, *found: SipControlApp
) -> list[AppOut]:
    around = await load_around(session, services, who.account, found)
    return [app_out(app, around) for app in found]


@router.get(
    "",
    operation_id="ListSIPControlApps",
    response_model=Envelope[list[AppOut]],
    responses=errors(),
)
async def listed(who: Caller, services: Inject) -> Response:
    """List the account's control apps, oldest first."""
    async with services.database.read() as session:
        found = await list_owned(session, SipControlApp, who.account)
        return ok(await _shown(session, services, who, *found))


@router.post(
    "",
    status_code=201,
    operation_id="CreateSIPControlApp",
    response_model=Envelope[AppOut],
    responses=errors(404, 409),
)
async def create(body: AppNew, who: Caller, services: Inject) -> Response:
    """Create a control app; it gets a tech prefix of its own."""
    async with services.database.write() as session:
        made = await create_control_app(session, owner(who), body.columns(), services.clock.now())
        [out] = await _shown(session, services, who, made)
    return ok(out, 201)


@router.get(
    "/{uuid}",
    operation_id="GetSIPControlAppByUUID",
    response_model=Envelope[AppOut],
    responses=errors(404),
)
async def one(uuid: UUID, who: Caller, services: Inject) -> Response:
    """Show a control app."""
    async with services.database.read() as session:
        found = await get_owned(session, SipControlApp, who.account, uuid)
        [out] = await _shown(session, services, who, found)
        return ok(out)


@router.patch(
    "/{uuid}",
    operation_id="ModifySIPControlApp",
    response_model=Envelope[AppOut],
    responses=errors(404),
)
async def modify(uuid: UUID, body: AppUpdate, who: Caller, services: Inject) -> Response:
    """Change a control app; what is left out stays. Calls that run already keep what they read."""
    changes = body.columns(only_set=True)
    async with services.database.write() as session:
        found = await change_control_app(session, owner(who), uuid, changes, services.clock.now())
        [out] = await _shown(session, services, who, found)
    return ok(out)


@router.delete(
    "/{uuid}",
    operation_id="RemoveSIPControlAppByUUID",
    response_model=Envelope[AppOut],
    responses=errors(404, 409),
)
async def remove(uuid: UUID, who: Caller, services: Inject) -> Response:
    """Remove a control app that no number uses, and its static call flow with it."""
    async with services.database.write() as session:
        found = await get_to_change(session, SipControlApp, who.account, uuid)
        await refuse_if_leased(session, who.account, Target.APP, uuid, found.name)
        [out] = await _shown(session, services, who, found)
        await remove_control_app(session, found)
    return ok(out)
