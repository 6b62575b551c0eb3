"""/rest/sip/{connection,app}/{uuid}/tnlease: which numbers lead there (spec/05, spec/11 D-24).

Assigning answers lease uuids for a connection and lease objects for an app, as each was last
documented (spec/11 C2).
"""

from uuid import UUID

from fastapi import APIRouter, Response

from opentact.accounts.ownership import get_owned
from opentact.numbers.leases import assign
from opentact.numbers.targets import Target
from opentact.voice.apps import SipControlApp
from opentact.voice.connections import SipConnection

from .envelope import Envelope, errors, ok
from .fields import TnLeasesAssign
from .lease_links import leases_at
from .lease_view import show_leases
from .services import Caller, Inject
from .wire.leases import LeaseOut

router = APIRouter(prefix="/rest/sip")


@router.get(
    "/connection/{uuid}/tnlease",
    tags=["SIP Connection"],
    operation_id="GetSIPConnectionTNLeasesList",
    response_model=Envelope[list[LeaseOut]],
    responses=errors(404),
)
async def of_connection(uuid: UUID, who: Caller, services: Inject) -> Response:
    """List the leases whose calls go to the connection."""
    async with services.database.read() as session:
        await get_owned(session, SipConnection, who.account, uuid)
        found = await leases_at(session, who.account, Target.CONNECTION, uuid)
        return ok(await show_leases(session, services, who.account, found))


@router.post(
    "/connection/{uuid}/tnlease",
    tags=["SIP Connection"],
    operation_id="AssignTNLeasesToSIPConnection",
    response_model=Envelope[list[str]],
    responses=errors(404),
)
async def assign_to_connection(
    uuid: UUID, body: TnLeasesAssign, who: Caller, services: Inject
) -> Response:
    """Send the calls of `add` to the connection, and those of `remove` nowhere."""
    now = services.clock.now()
    async with services.database.write() as session:
        changed = await assign(
            session, who.account, body.add, body.remove, connection=uuid, now=now
        )
    return ok([str(lease.uuid) for lease in changed])


@router.get(
    "/app/{uuid}/tnlease",
    tags=["SIP Control App"],
    operation_id="GetSIPControlAppTNLeasesList",
    response_model=Envelope[list[LeaseOut]],
    responses=errors(404),
)
async def of_app(uuid: UUID, who: Caller, services: Inject) -> Response:
    """List the leases whose calls the app answers."""
    async with services.database.read() as session:
        await get_owned(session, SipControlApp, who.account, uuid)
        found = await leases_at(session, who.account, Target.APP, uuid)
        return ok(await show_leases(session, services, who.account, found))


@router.post(
    "/app/{uuid}/tnlease",
    tags=["SIP Control App"],
    operation_id="AssignTNLeasesToSIPControlApp",
    response_model=Envelope[list[LeaseOut]],
    responses=errors(404),
)
async def assign_to_app(
    uuid: UUID, body: TnLeasesAssign, who: Caller, services: Inject
) -> Response:
    """Let the app answer the calls of `add`, and nobody those of `remove`."""
    now = services.clock.now()
    async with services.database.write() as session:
        changed = await assign(session, who.account, body.add, body.remove, app=uuid, now=now)
        shown = await show_leases(session, services, who.account, changed)
    return ok(shown)
