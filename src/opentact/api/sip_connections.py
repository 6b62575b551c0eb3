"""/rest/sip/connection: remote SIP servers that calls go to and come from (spec/05)."""

from typing import Annotated, Any, ClassVar
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
from opentact.voice.trunk_ways import Transport

from .around import load_around, owner
from .auth import Principal
from .envelope import Envelope, errors, ok
from .fields import Changes, Flag, Hostname, IpAddress, Name
from .lease_links import refuse_if_leased
from .services import Caller, Inject, Services
from .sip_fields import EndpointFields
from .trunk_fields import (
    MOST_NETWORKS,
    Expires,
    Interval,
    OwnNetwork,
    Password,
    Port,
    SipLogin,
    Targets,
    stored,
)
from .wire.connections import TrunkConnectionOut, trunk_connection_out

NO_PORT = "without one, DNS names the servers of the hostname (RFC 3263); an ip is called at 5060"


class ConnectionFields(EndpointFields):
    """A connection's fields. One of `ip` and `hostname` is needed; null takes a login away."""

    renamed: ClassVar[dict[str, str]] = {**EndpointFields.renamed, "register_": "register"}

    ip: IpAddress | None = None
    hostname: Hostname | None = None
    transport: Transport = Transport.UDP
    targets: Annotated[
        Targets,
        Field(
            default_factory=list,
            description="more places; one with the same host and port says more of it",
        ),
    ]
    username: SipLogin | None = None
    password: Password | None = None
    register_: Annotated[Flag, Field(alias="register")] = False
    expires: Expires = 3600
    options_interval_s: Interval = 0
    inbound_ips: Annotated[list[OwnNetwork], Field(default_factory=list, max_length=MOST_NETWORKS)]
    inbound_username: SipLogin | None = None
    inbound_password: Password | None = None

    def columns(self, *, only_set: bool = False) -> dict[str, Any]:
        """Give the columns, targets as rows keep them."""
        return stored(super().columns(only_set=only_set))


class ConnectionNew(ConnectionFields):
    """A new connection."""

    name: Name
    port: Annotated[Port | None, Field(description=NO_PORT)] = None


class ConnectionUpdate(ConnectionFields, Changes):
    """What to change of a connection."""

    name: Name = ""
    port: Annotated[Port | None, Field(description=NO_PORT)] = None


router = APIRouter(prefix="/rest/sip/connection", tags=["SIP Connection"])


async def _shown(
    session: AsyncSession, services: Services, who: Principal, *found: SipConnection
) -> list[TrunkConnectionOut]:
    around = await load_around(session, services, who.account, found)
    return [trunk_connection_out(each, around, services.trunks) for each in found]


@router.get(
    "",
    operation_id="ListSIPConnections",
    response_model=Envelope[list[TrunkConnectionOut]],
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
    response_model=Envelope[TrunkConnectionOut],
    responses=errors(404, 409),
)
async def create(body: ConnectionNew, who: Caller, services: Inject) -> Response:
    """Create a connection; it gets a tech prefix of its own."""
    async with services.database.write() as session:
        made = await create_connection(session, owner(who), body.columns(), services.clock.now())
        await services.sip_changes.note(session, made.uuid)
        [out] = await _shown(session, services, who, made)
    await services.trunks.fresh()
    return ok(out, 201)


@router.get(
    "/{uuid}",
    operation_id="GetSIPConnectionByUUID",
    response_model=Envelope[TrunkConnectionOut],
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
    response_model=Envelope[TrunkConnectionOut],
    responses=errors(404, 409),
)
async def modify(uuid: UUID, body: ConnectionUpdate, who: Caller, services: Inject) -> Response:
    """Change a connection; what is left out stays."""
    changes = body.columns(only_set=True)
    async with services.database.write() as session:
        found = await change_connection(session, owner(who), uuid, changes, services.clock.now())
        await services.sip_changes.note(session, uuid)
        [out] = await _shown(session, services, who, found)
    await services.trunks.fresh()
    return ok(out)


@router.delete(
    "/{uuid}",
    operation_id="RemoveSIPConnectionByID",
    response_model=Envelope[TrunkConnectionOut],
    responses=errors(404, 409),
)
async def remove(uuid: UUID, who: Caller, services: Inject) -> Response:
    """Remove a connection that no number uses."""
    async with services.database.write() as session:
        found = await get_to_change(session, SipConnection, who.account, uuid)
        await refuse_if_leased(session, who.account, Target.CONNECTION, uuid, found.name)
        [out] = await _shown(session, services, who, found)
        await remove_connection(session, found)
        await services.sip_changes.note(session, uuid)
    await services.trunks.fresh()
    return ok(out)
