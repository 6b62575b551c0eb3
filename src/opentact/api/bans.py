"""/rest/admin/ban: who is kept out of SIP, why and until when, for admins only."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import AfterValidator, BaseModel, Field

from opentact.voice.bans import (
    BY_HAND,
    LONGEST_S,
    NewBan,
    active_bans,
    all_bans,
    get_ban,
    lift,
    put_bans,
)
from opentact.voice.guard.sources import read_place

from .envelope import Envelope, errors, ok
from .fields import Line, Whole
from .services import Admin, Inject
from .wire.bans import BanOut, ban_out

Place = Annotated[str, AfterValidator(read_place)]


class BanNew(BaseModel):
    """A ban by hand, of an address or a network, for so many seconds."""

    source: Place
    seconds: Annotated[Whole, Field(ge=1, le=LONGEST_S)] = 86_400
    reason: Annotated[Line, Field(min_length=1)] = BY_HAND


router = APIRouter(prefix="/rest/admin/ban", tags=["Admin"])


@router.get(
    "",
    operation_id="ListBans",
    response_model=Envelope[list[BanOut]],
    responses=errors(),
)
async def listed(
    _who: Admin,
    services: Inject,
    *,
    ended: Annotated[bool, Query(description="Ended and lifted ones as well.")] = False,
) -> Response:
    """List the bans, the newest first."""
    now = services.clock.now()
    async with services.database.read() as session:
        found = await (all_bans(session) if ended else active_bans(session, now))
    return ok([ban_out(each, now) for each in found])


@router.post(
    "",
    status_code=201,
    operation_id="CreateBan",
    response_model=Envelope[BanOut],
    responses=errors(),
)
async def create(body: BanNew, who: Admin, services: Inject) -> Response:
    """Ban a source by hand; its messages and connections are dropped from then on."""
    now = services.clock.now()
    wanted = NewBan(body.source, body.reason, "", {}, 1, float(body.seconds), who.email)
    async with services.database.write() as session:
        [made] = await put_bans(session, [wanted], now)
    await services.guard.settle()
    return ok(ban_out(made, now), 201)


@router.delete(
    "/{uuid}",
    operation_id="LiftBanByUUID",
    response_model=Envelope[BanOut],
    responses=errors(404),
)
async def remove(uuid: UUID, who: Admin, services: Inject) -> Response:
    """Lift a ban: the source is heard again, and its next ban is a first one."""
    now = services.clock.now()
    async with services.database.write() as session:
        found = await get_ban(session, uuid)
        lift(found, who.email, now)
    await services.guard.settle()
    return ok(ban_out(found, now))
