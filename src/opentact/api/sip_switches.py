"""/rest/sip/domain/{domain}/switch: machines that may send calls into a domain (spec/05)."""

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import AfterValidator
from sqlalchemy.ext.asyncio import AsyncSession

from opentact.voice.domains import SipDomain
from opentact.voice.sip_switches import (
    SipSwitch,
    change_switch,
    create_switch,
    get_switch,
    switches_in,
)

from .around import load_around, owner
from .envelope import Envelope, errors, ok
from .fields import Changes, Flag, Hostname, IpAddress, Line, Name
from .services import Caller, Inject, Services
from .sip_domain_view import find_domain
from .sip_fields import Columns
from .wire.sip_domains import SwitchOut, switch_out

RemoteDomain = Annotated[Hostname, AfterValidator(str.lower)]


class SwitchFields(Columns):
    """A switch's fields. One of `remote_ip` and `remote_domain` is needed."""

    description: Line | None = None
    remote_ip: IpAddress | None = None
    remote_domain: RemoteDomain | None = None
    is_active: Flag = True


class SwitchNew(SwitchFields):
    """A new switch."""

    name: Name


class SwitchUpdate(SwitchFields, Changes):
    """What to change of a switch."""

    name: Name = ""


router = APIRouter(prefix="/rest/sip/domain/{domain}/switch", tags=["SIP Switch"])


async def _shown(
    session: AsyncSession, services: Services, domain: SipDomain, found: Sequence[SipSwitch]
) -> list[SwitchOut]:
    around = await load_around(session, services, domain.account_uuid, found)
    return [switch_out(switch, domain, around) for switch in found]


@router.get(
    "",
    operation_id="ListSIPSwitchesBySIPDomainUUID",
    response_model=Envelope[list[SwitchOut]],
    responses=errors(404),
)
async def listed(domain: str, who: Caller, services: Inject) -> Response:
    """List the domain's switches, oldest first."""
    async with services.database.read() as session:
        found = await find_domain(session, services, who.account, domain)
        switches = await switches_in(session, found.uuid)
        return ok(await _shown(session, services, found, switches))


@router.post(
    "",
    status_code=201,
    operation_id="CreateSIPSwitch",
    response_model=Envelope[SwitchOut],
    responses=errors(404),
)
async def create(domain: str, body: SwitchNew, who: Caller, services: Inject) -> Response:
    """Let a switch send calls into the domain, from one address or one host name."""
    now = services.clock.now()
    async with services.database.write() as session:
        found = await find_domain(session, services, who.account, domain, to_change=True)
        switch = await create_switch(session, owner(who), found.uuid, body.columns(), now)
        await services.sip_changes.note(session, found.uuid)
        [out] = await _shown(session, services, found, [switch])
    return ok(out, 201)


@router.get(
    "/{uuid}",
    operation_id="GetSIPSwitchByUUID",
    response_model=Envelope[SwitchOut],
    responses=errors(404),
)
async def one(domain: str, uuid: UUID, who: Caller, services: Inject) -> Response:
    """Show a switch."""
    async with services.database.read() as session:
        found = await find_domain(session, services, who.account, domain)
        switch = await get_switch(session, found.uuid, uuid)
        [out] = await _shown(session, services, found, [switch])
        return ok(out)


@router.patch(
    "/{uuid}",
    operation_id="ModifySIPSwitch",
    response_model=Envelope[SwitchOut],
    responses=errors(404),
)
async def modify(
    domain: str, uuid: UUID, body: SwitchUpdate, who: Caller, services: Inject
) -> Response:
    """Change a switch; what is left out stays."""
    values, now = body.columns(only_set=True), services.clock.now()
    async with services.database.write() as session:
        found = await find_domain(session, services, who.account, domain)
        switch = await get_switch(session, found.uuid, uuid, to_change=True)
        await change_switch(session, owner(who), switch, values, now)
        await services.sip_changes.note(session, found.uuid)
        [out] = await _shown(session, services, found, [switch])
    return ok(out)


@router.delete(
    "/{uuid}",
    operation_id="RemoveSIPSwitchByUUID",
    response_model=Envelope[SwitchOut],
    responses=errors(404),
)
async def remove(domain: str, uuid: UUID, who: Caller, services: Inject) -> Response:
    """Remove a switch: calls from there are not let in any more."""
    async with services.database.write() as session:
        found = await find_domain(session, services, who.account, domain)
        switch = await get_switch(session, found.uuid, uuid, to_change=True)
        [out] = await _shown(session, services, found, [switch])
        await session.delete(switch)
        await services.sip_changes.note(session, found.uuid)
    return ok(out)
