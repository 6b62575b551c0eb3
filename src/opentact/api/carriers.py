"""/rest/admin/carrier: the operator's carriers, for admins only."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field

from opentact.kit.faults import BadField, BadRequest
from opentact.voice.carriers import (
    Carrier,
    add_carrier,
    change_carrier,
    get_carrier,
    list_carriers,
    remove_carrier,
)
from opentact.voice.trunk_ways import USUAL_PRIORITY

from .envelope import Envelope, errors, ok
from .fields import Changes, Flag, Name, Whole
from .services import Admin, Inject
from .trunk_fields import (
    MOST_NETWORKS,
    AnyNetwork,
    Expires,
    Interval,
    Password,
    Rank,
    SipLogin,
    Targets,
    stored,
)
from .wire.trunks import CarrierOut, carrier_out


class RouteFields(BaseModel):
    """Numbers that the carrier carries: with this prefix, of this product or of any."""

    prefix: Annotated[str, Field(pattern=r"^[0-9]{0,15}$")] = ""
    priority: Rank = USUAL_PRIORITY
    product: Annotated[Whole, Field(ge=1, le=1024)] | None = None


class CarrierFields(BaseModel):
    """A carrier's fields. Null takes a login away."""

    targets: Targets = []
    networks: Annotated[list[AnyNetwork], Field(max_length=MOST_NETWORKS)] = []
    routes: Annotated[list[RouteFields], Field(max_length=1000)] = []
    username: SipLogin | None = None
    password: Password | None = None
    register_: Annotated[Flag, Field(alias="register")] = False
    expires: Expires = 3600
    options_interval_s: Interval = 30
    is_active: Flag = True

    def columns(self, *, only_set: bool = False) -> dict[str, Any]:
        """Give the columns; `only_set` leaves out what the client did not send."""
        return stored(self.model_dump(exclude_unset=only_set, by_alias=True))


class CarrierNew(CarrierFields):
    """A new carrier. Without routes it carries nothing, and only delivers."""

    name: Name


class CarrierUpdate(CarrierFields, Changes):
    """What to change of a carrier."""

    name: Name = ""


router = APIRouter(prefix="/rest/admin/carrier", tags=["Admin"])


def check(carrier: Carrier) -> None:
    """Refuse what does not fit together, naming every field."""
    fields: dict[str, BadField] = {}
    if carrier.routes and not carrier.targets:
        fields["params.targets"] = BadField("required: routes lead to them")
    if carrier.register and not carrier.targets:
        fields["params.targets"] = BadField("required: registrations go to them")
    if (carrier.register or carrier.password) and not carrier.username:
        fields["params.username"] = BadField("required with register or password")
    if carrier.username and not carrier.password:
        fields["params.password"] = BadField("required with username")
    if fields:
        names = ", ".join(name.removeprefix("params.") for name in fields)
        raise BadRequest(f"The carrier needs also: {names}", fields=fields)


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
