"""/rest/profile/tn: price lists of numbers, and a customer's screening lists (spec/11 D-3)."""

import re
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import AfterValidator, BaseModel, Field
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from typing_extensions import TypedDict

from opentact.kit.faults import BadField, BadRequest, Conflict
from opentact.numbers.faults import ProfileInUse, SpecialPricesNotFound
from opentact.numbers.leases import HELD, Lease
from opentact.numbers.profiles import (
    DEFAULT,
    TnProfile,
    get_profile,
    profile_named,
    profiles_for,
    special_prices,
)
from opentact.voice.screening import ANONYMOUS

from .envelope import Envelope, NothingMore, errors, ok
from .fields import Changes, Line, Name
from .services import Caller, Inject
from .wire.tn_profiles import SpecialPriceOut, TnProfileOut, profile_out, special_price_out

MOST_SCREENED = 1_000  # numbers and masks in one list: each call looks through both
_MASK = re.compile(rf"\+?[0-9*%]{{1,32}}|{ANONYMOUS}")
router = APIRouter(prefix="/rest/profile/tn", tags=["TN Profile"])


def _screened(text: str) -> str:
    if not _MASK.fullmatch(text):
        raise ValueError(
            "expected a number, a mask with * for any run and % for one digit, or anonymous"
        )
    return text.removeprefix("+")


Screened = Annotated[str, AfterValidator(_screened)]
Screening = Annotated[list[Screened], Field(max_length=MOST_SCREENED)]


class ProfileNew(BaseModel):
    """Screening lists of one's own."""

    name: Name
    description: Line | None = None
    blacklist: Screening = []
    whitelist: Screening = []


class ProfileUpdate(Changes):
    """What to change."""

    name: Name | None = None
    description: Line | None = None
    blacklist: Screening | None = None
    whitelist: Screening | None = None


class ListUpdate(BaseModel):
    """Numbers and masks to add to a list, and to take off it."""

    add: Screening = []
    remove: Screening = []


class ListsOut(TypedDict):
    """Both lists, whole."""

    uuid: str
    name: str
    blacklist: list[str]
    whitelist: list[str]


class NameTaken(Conflict):
    """TN profile exists: another one has this name. Take another name."""

    code = "tn_profile_exists"


@router.get(
    "",
    operation_id="ListTNProfiles",
    response_model=Envelope[list[TnProfileOut]],
    responses=errors(404),
)
async def listed(who: Caller, services: Inject) -> Response:
    """List the platform's price lists and one's own screening lists."""
    async with services.database.read() as session:
        found = await profiles_for(session, who.account)
    usual = next((p for p in found if p.account_uuid is None and p.name == DEFAULT), None)
    return ok([profile_out(p, usual if p.account_uuid else None) for p in found])


@router.post(
    "",
    status_code=201,
    operation_id="CreateTNProfile",
    response_model=Envelope[TnProfileOut],
    responses=errors(404, 409),
)
async def create(body: ProfileNew, who: Caller, services: Inject) -> Response:
    """Make screening lists; a number gets them by its lease's `tn_profile`."""
    now = services.clock.now()
    async with services.database.write() as session:
        usual = await profile_named(session, DEFAULT)
        await _free(session, who.account, body.name)
        profile = TnProfile(
            account_uuid=who.account,
            name=body.name,
            description=body.description,
            blacklist=_unique(body.blacklist),
            whitelist=_unique(body.whitelist),
            created_on=now,
            modified_on=now,
        )
        session.add(profile)
    return ok(profile_out(profile, usual), 201)


@router.get(
    "/special_prices",
    operation_id="GetTNSpecialPricesByAccount",
    response_model=Envelope[list[SpecialPriceOut]],
    responses=errors(404),
)
async def specials(who: Caller, services: Inject) -> Response:
    """List the special prices of the account that are in force."""
    async with services.database.read() as session:
        found = await special_prices(session, who.account, now=services.clock.now())
    if not found:
        raise SpecialPricesNotFound("Special prices not found")
    return ok([special_price_out(price) for price in found])


@router.get(
    "/{uuid}",
    operation_id="GetTNProfileByUUID",
    response_model=Envelope[TnProfileOut],
    responses=errors(404),
)
async def detail(uuid: UUID, who: Caller, services: Inject) -> Response:
    """Show a profile."""
    async with services.database.read() as session:
        return ok(await _shown(session, await get_profile(session, who.account, uuid)))


@router.patch(
    "/{uuid}",
    operation_id="ModifyTNProfile",
    response_model=Envelope[TnProfileOut],
    responses=errors(404, 409),
)
async def modify(uuid: UUID, body: ProfileUpdate, who: Caller, services: Inject) -> Response:
    """Change one's own profile."""
    async with services.database.write() as session:
        profile = await get_profile(session, who.account, uuid, own=True)
        if body.name is not None and body.name != profile.name:
            await _free(session, who.account, body.name)
            profile.name = body.name
        if "description" in body.model_fields_set:
            profile.description = body.description
        for name in ("blacklist", "whitelist"):
            wanted = getattr(body, name)
            if wanted is not None:
                setattr(profile, name, _unique(wanted))
        profile.modified_on = services.clock.now()
        await session.flush()
        shown = await _shown(session, profile)
    return ok(shown)


@router.delete(
    "/{uuid}",
    operation_id="RemoveTNProfile",
    response_model=NothingMore,
    responses=errors(404, 409),
)
async def remove(uuid: UUID, who: Caller, services: Inject) -> Response:
    """Remove one's own profile, once no number carries it."""
    async with services.database.write() as session:
        profile = await get_profile(session, who.account, uuid, own=True)
        used = await session.scalar(
            select(Lease.tn).where(Lease.tn_profile_uuid == uuid, HELD).limit(1)
        )
        if used is not None:
            raise ProfileInUse(f"TN profile in use by +{used}: take it off its numbers first")
        await session.delete(profile)
    return ok({})


@router.post(
    "/{uuid}/blacklist",
    operation_id="UpdateTNProfileBlacklist",
    response_model=Envelope[ListsOut],
    responses=errors(404),
)
async def blacklist(uuid: UUID, body: ListUpdate, who: Caller, services: Inject) -> Response:
    """Add callers to the blacklist, or take them off."""
    return await _edited(uuid, "blacklist", body, who, services)


@router.post(
    "/{uuid}/whitelist",
    operation_id="UpdateTNProfileWhitelist",
    response_model=Envelope[ListsOut],
    responses=errors(404),
)
async def whitelist(uuid: UUID, body: ListUpdate, who: Caller, services: Inject) -> Response:
    """Add callers to the whitelist, or take them off."""
    return await _edited(uuid, "whitelist", body, who, services)


async def _edited(
    uuid: UUID, name: str, body: ListUpdate, who: Caller, services: Inject
) -> Response:
    async with services.database.write() as session:
        profile = await get_profile(session, who.account, uuid, own=True)
        kept = [entry for entry in getattr(profile, name) if entry not in body.remove]
        entries = _unique([*kept, *body.add])
        if len(entries) > MOST_SCREENED:
            message = f"a list holds up to {MOST_SCREENED} entries"
            raise BadRequest(message, fields={"params.add": BadField(message)})
        setattr(profile, name, entries)
        profile.modified_on = services.clock.now()
    out = {
        "uuid": str(profile.uuid),
        "name": profile.name,
        "blacklist": profile.blacklist,
        "whitelist": profile.whitelist,
    }
    return ok(out)


async def _shown(session: AsyncSession, profile: TnProfile) -> Any:
    usual = await profile_named(session, DEFAULT) if profile.account_uuid else None
    return profile_out(profile, usual)


async def _free(session: AsyncSession, account: UUID, name: str) -> None:
    taken = await session.scalar(
        select(TnProfile.uuid).where(TnProfile.account_uuid == account, TnProfile.name == name)
    )
    if taken is not None:
        raise NameTaken(f"TN profile exists: {name}")


def _unique(entries: list[str]) -> list[str]:
    return list(dict.fromkeys(entries))
