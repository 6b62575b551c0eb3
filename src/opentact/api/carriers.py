"""/rest/admin/carrier: the operator's carriers, for admins only."""

from uuid import UUID

from fastapi import APIRouter, Response

from opentact.voice.carriers import (
    add_carrier,
    change_carrier,
    get_carrier,
    list_carriers,
    remove_carrier,
)

from .carrier_fields import CarrierNew, CarrierUpdate, check
from .envelope import Envelope, errors, ok
from .services import Admin, Inject
from .wire.trunks import CarrierOut, carrier_out

router = APIRouter(prefix="/rest/admin/carrier", tags=["Admin"])


@router.get(
    "",
    operation_id="ListCarriers",
    response_model=Envelope[list[CarrierOut]],
    responses=errors(),
)
async def listed(_who: Admin, services: Inject) -> Response:
    """List the carriers by name, with the states of their targets."""
    async with services.database.read() as session:
        found = await list_carriers(session)
    return ok([carrier_out(each, services.trunks) for each in found])


@router.post(
    "",
    status_code=201,
    operation_id="CreateCarrier",
    response_model=Envelope[CarrierOut],
    responses=errors(409),
)
async def create(body: CarrierNew, who: Admin, services: Inject) -> Response:
    """Add a carrier; its news goes to the admin's account."""
    async with services.database.write() as session:
        made = await add_carrier(session, who.account, body.columns(), services.clock.now())
        check(made)
        await services.sip_changes.note(session, made.uuid)
    await services.trunks.fresh()
    return ok(carrier_out(made, services.trunks), 201)


@router.get(
    "/{uuid}",
    operation_id="GetCarrierByUUID",
    response_model=Envelope[CarrierOut],
    responses=errors(404),
)
async def one(uuid: UUID, _who: Admin, services: Inject) -> Response:
    """Show a carrier."""
    async with services.database.read() as session:
        found = await get_carrier(session, uuid)
    return ok(carrier_out(found, services.trunks))


@router.patch(
    "/{uuid}",
    operation_id="ModifyCarrier",
    response_model=Envelope[CarrierOut],
    responses=errors(404, 409),
)
async def modify(uuid: UUID, body: CarrierUpdate, _who: Admin, services: Inject) -> Response:
    """Change a carrier; what is left out stays."""
    changes = body.columns(only_set=True)
    async with services.database.write() as session:
        found = await change_carrier(session, uuid, changes, services.clock.now())
        check(found)
        await services.sip_changes.note(session, uuid)
    await services.trunks.fresh()
    return ok(carrier_out(found, services.trunks))


@router.delete(
    "/{uuid}",
    operation_id="RemoveCarrierByUUID",
    response_model=Envelope[CarrierOut],
    responses=errors(404),
)
async def remove(uuid: UUID, _who: Admin, services: Inject) -> Response:
    """Remove a carrier; its calls that live go on."""
    async with services.database.write() as session:
        found = await get_carrier(session, uuid)
        await remove_carrier(session, found)
        await services.sip_changes.note(session, uuid)
    await services.trunks.fresh()
    return ok(carrier_out(found, services.trunks))
