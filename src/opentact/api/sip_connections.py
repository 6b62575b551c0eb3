"""/rest/sip/connection: remote SIP servers that calls go to (spec/05)."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import Field
from sqlalchemy.ext.asyncio import AsyncSession

from opentact.accounts.ownership import get_owned, get_to_change, list_owned
from opentact.numbers.targets import Target
from opentact.voice.connections import (
    SipConnection,
    change_connection,
    create_connection,
    remove_connection,
)

from .around import load_around, owner
from .auth import Principal
from .envelope import Envelope, errors, ok
from .fields import Changes, Hostname, IpAddress, Name, Whole
from .lease_links import refuse_if_leased
from .services import Caller, Inject, Services
from .sip_fields import EndpointFields
from .wire.sip import ConnectionOut, connection_out

Port = Annotated[Whole, Field(ge=1, le=65535)]


class ConnectionFields(EndpointFields):
    """A connection's fields. One of `ip` and `hostname` is needed."""

    ip: IpAddress | None = None
    hostname: Hostname | None = None


class ConnectionNew(ConnectionFields):
    """A new connection."""

    name: Name
    port: Port


class ConnectionUpdate(ConnectionFields, Changes):
    """What to change of a connection."""

    name: Name = ""
    port: Port = 0


router = APIRouter(prefix="/rest/sip/connection", tags=["SIP Connection"])


async def _shown(
    session: AsyncSession, services: Services, who: Principal, *found: SipConnection
) -> list[ConnectionOut]:
    around = await load_around(session, services, who.account, found)
    return [connection_out(connection, around) for connection in found]


@router.get(
    "",
    operation_id="ListSIPConnections",
    response_model=Envelope[list[ConnectionOut]],
    responses=errors(),
)
async def listed(who: Caller, services: Inject) -> Response:
    """List the account's connections, oldest first."""
    async with services.database.read() as session:
        found = await list_owned(session, SipConnection, who.account)
        return ok(await _shown(session, services, who, *found))


@router.post(
    "",
    status_code=201,
    operation_id="CreateSIPConnection",
    response_model=Envelope[ConnectionOut],
    responses=errors(404, 409),
)
async def create(body: ConnectionNew, who: Caller, services: Inject) -> Response:
    """Create a connection; it gets a tech prefix of its own."""
    async with services.database.write() as session:
        made = await create_connection(session, owner(who), body.columns(), services.clock.now())
        [out] = await _shown(session, services, who, made)
    return ok(out, 201)


@router.get(
    "/{uuid}",
    operation_id="GetSIPConnectionByUUID",
    response_model=Envelope[ConnectionOut],
    responses=errors(404),
)
async def one(uuid: UUID, who: Caller, services: Inject) -> Response:
    """Show a connection."""
    async with services.database.read() as session:
        found = await get_owned(session, SipConnection, who.account, uuid)
        [out] = await _shown(session, services, who, found)
        return ok(out)


@router.patch(
    "/{uuid}",
    operation_id="ModifySIPConnection",
    response_model=Envelope[ConnectionOut],
    responses=errors(404),
)
async def modify(uuid: UUID, body: ConnectionUpdate, who: Caller, services: Inject) -> Response:
    """Change a connection; what is left out stays."""
    changes = body.columns(only_set=True)
    async with services.database.write() as session:
        found = await change_connection(session, owner(who), uuid, changes, services.clock.now())
        [out] = await _shown(session, services, who, found)
    return ok(out)


@router.delete(
    "/{uuid}",
    operation_id="RemoveSIPConnectionByID",
    response_model=Envelope[ConnectionOut],
    responses=errors(404, 409),
)
async def remove(uuid: UUID, who: Caller, services: Inject) -> Response:
    """Remove a connection that no number uses."""
    async with services.database.write() as session:
        found = await get_to_change(session, SipConnection, who.account, uuid)
        await refuse_if_leased(session, who.account, Target.CONNECTION, uuid, found.name)
        [out] = await _shown(session, services, who, found)
        await remove_connection(session, found)
    return ok(out)
