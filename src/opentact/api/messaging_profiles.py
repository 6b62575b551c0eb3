"""/rest/profile/messaging: how numbers send and receive texts together (spec/04)."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import AliasChoices, Field, model_validator
from sqlalchemy.ext.asyncio import AsyncSession

from opentact.accounts.ownership import get_owned, get_to_change, list_owned
from opentact.messaging.profiles import (
    MessagingProfile,
    change_profile,
    create_profile,
    default_profile,
    find_default_profile,
    remove_profile,
)
from opentact.numbers.targets import Target

from .around import load_around, owner
from .auth import Principal
from .envelope import Envelope, errors, ok
from .fields import Changes, Flag, Name, ShortWebUrl, Whole
from .lease_links import leases_at, refuse_if_leased
from .lease_view import show_leases
from .services import Caller, Inject, Services
from .sip_fields import Columns
from .wire.leases import LeaseOut
from .wire.profiles import MessagingProfileOut, messaging_profile_out

Weight = Annotated[Whole, Field(ge=0, le=9)]


class MessagingProfileFields(Columns):
    """A messaging profile's fields."""

    callback_url: Annotated[
        ShortWebUrl | None,
        Field(validation_alias=AliasChoices("callback_url", "call_back_url")),
    ] = None
    callback_url2: Annotated[
        ShortWebUrl | None,
        Field(validation_alias=AliasChoices("callback_url2", "call_back_url2")),
    ] = None
    number_pool_enable: Flag = False
    long_code_weight: Weight = 1
    tollfree_weight: Annotated[
        Weight, Field(validation_alias=AliasChoices("tollfree_weight", "toll_free_weight"))
    ] = 1
    skip_unhealthy_tns: Flag = False
    sticky_sender: Flag = False

    @model_validator(mode="before")
    @classmethod
    def _second_url_by_its_old_name(cls, sent: Any) -> Any:
        """Read a URL in `number_pool_enable` as the second callback URL (spec/11 B17)."""
        if not isinstance(sent, dict):
            return sent
        slipped = sent.get("number_pool_enable")
        if not isinstance(slipped, str) or not slipped.startswith(("http://", "https://")):
            return sent
        rest = {name: value for name, value in sent.items() if name != "number_pool_enable"}
        return {"callback_url2": slipped, **rest}


class MessagingProfileNew(MessagingProfileFields):
    """A new messaging profile."""

    name: Name


class MessagingProfileUpdate(MessagingProfileFields, Changes):
    """What to change of a messaging profile."""

    name: Name = ""


router = APIRouter(prefix="/rest/profile/messaging", tags=["Messaging Profile"])


async def _shown(
    session: AsyncSession, services: Services, who: Principal, *found: MessagingProfile
) -> list[MessagingProfileOut]:
    around = await load_around(session, services, who.account, found)
    return [messaging_profile_out(profile, around) for profile in found]


@router.get(
    "",
    operation_id="ListMessagingProfiles",
    response_model=Envelope[list[MessagingProfileOut]],
    responses=errors(),
)
async def listed(who: Caller, services: Inject) -> Response:
    """List the account's messaging profiles, its default one among them, oldest first."""
    async with services.database.read() as session:
        there = await find_default_profile(session, who.account)
    if there is None:
        async with services.database.write() as session:
            await default_profile(session, who.account, services.clock.now())
    async with services.database.read() as session:
        found = await list_owned(session, MessagingProfile, who.account)
        return ok(await _shown(session, services, who, *found))


@router.post(
    "",
    status_code=201,
    operation_id="CreateMessagingProfile",
    response_model=Envelope[MessagingProfileOut],
    responses=errors(),
)
async def create(body: MessagingProfileNew, who: Caller, services: Inject) -> Response:
    """Create a messaging profile."""
    async with services.database.write() as session:
        made = await create_profile(session, owner(who), body.columns(), services.clock.now())
        [out] = await _shown(session, services, who, made)
    return ok(out, 201)


@router.get(
    "/{uuid}",
    operation_id="GetMessagingProfileByUUID",
    response_model=Envelope[MessagingProfileOut],
    responses=errors(404),
)
async def one(uuid: UUID, who: Caller, services: Inject) -> Response:
    """Show a messaging profile."""
    async with services.database.read() as session:
        found = await get_owned(session, MessagingProfile, who.account, uuid)
        [out] = await _shown(session, services, who, found)
        return ok(out)


@router.get(
    "/{uuid}/tnleases",
    operation_id="GetMessagingProfileLeasesByUUID",
    response_model=Envelope[list[LeaseOut]],
    responses=errors(404),
)
async def leases(uuid: UUID, who: Caller, services: Inject) -> Response:
    """List the leases that send and receive by the profile."""
    async with services.database.read() as session:
        await get_owned(session, MessagingProfile, who.account, uuid)
        found = await leases_at(session, who.account, Target.MESSAGING, uuid)
        return ok(await show_leases(session, services, who.account, found))


@router.patch(
    "/{uuid}",
    operation_id="ModifyMessagingProfile",
    response_model=Envelope[MessagingProfileOut],
    responses=errors(404),
)
async def modify(
    uuid: UUID, body: MessagingProfileUpdate, who: Caller, services: Inject
) -> Response:
    """Change a messaging profile; what is left out stays."""
    changes = body.columns(only_set=True)
    async with services.database.write() as session:
        found = await change_profile(session, owner(who), uuid, changes, services.clock.now())
        [out] = await _shown(session, services, who, found)
    return ok(out)


@router.delete(
    "/{uuid}",
    operation_id="RemoveMessagingProfileByUUID",
    response_model=Envelope[MessagingProfileOut],
    responses=errors(404, 409),
)
async def remove(uuid: UUID, who: Caller, services: Inject) -> Response:
    """Remove a messaging profile that no number uses. The account's default one stays."""
    async with services.database.write() as session:
        found = await get_to_change(session, MessagingProfile, who.account, uuid)
        await refuse_if_leased(session, who.account, Target.MESSAGING, uuid, found.name)
        [out] = await _shown(session, services, who, found)
        await remove_profile(session, found)
    return ok(out)
