"""/rest/profile/outbound_voice: who may call the telephone network (spec/04)."""

from dataclasses import replace
from typing import Annotated, Any, ClassVar, Literal
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import AliasChoices, Field
from sqlalchemy.ext.asyncio import AsyncSession

from opentact.accounts.ownership import get_owned, get_to_change, list_owned
from opentact.kit.money import dollars
from opentact.numbers.leases import get_lease
from opentact.voice.outbound_profiles import (
    OutboundVoiceProfile,
    change_profile,
    create_profile,
    remove_profile,
)
from opentact.voice.tech_prefixes import LEAST, MOST
from opentact.voice.usage import refuse_if_used, users_of_profile

from .around import load_around, owner
from .auth import Principal
from .envelope import Envelope, errors, ok
from .fields import Amount, Changes, Count, Countries, Flag, Name, OpenPrefixes, Pace, Whole
from .lease_links import leases_by_uuid
from .services import Caller, Inject, Services
from .sip_fields import Columns, Ingress, Product, TrunkSettings
from .wire.sip import OutboundProfileOut, outbound_profile_out

Prefix = Annotated[Whole, Field(ge=LEAST, le=MOST)]
_MONEY = ("max_rate", "daily_spend_limit")


class OutboundProfileFields(Columns):
    """An outbound voice profile's fields. Null is no limit."""

    renamed: ClassVar[dict[str, str]] = {"product": "product_id", "tn_lease": "tn_lease_uuid"}

    is_active: Flag = True
    product: Product | None = None
    tn_lease: UUID | None = None
    class4_ingress_trunk_settings: Ingress = TrunkSettings()
    channel_limit: Count | None = None
    max_rate: Annotated[Amount | None, Field(description="dollars a minute")] = None
    daily_spend_limit: Annotated[
        Amount | None,
        Field(
            description="dollars a day",
            validation_alias=AliasChoices("daily_spend_limit", "daily_spent_limit"),
        ),
    ] = None
    record_calls: Annotated[
        Whole, Field(ge=0, le=2, description="0 none, 1 from or to its own number, 2 all")
    ] = 0
    file_format: Annotated[
        Literal["wav", "mp3"], Field(validation_alias=AliasChoices("file_format", "filemat"))
    ] = "wav"
    audio_track_type: Annotated[
        Whole, Field(ge=0, le=1, description="0 both sides on one track, 1 a track for each")
    ] = 0
    shaken_sign_policy: Annotated[
        Whole,
        Field(ge=0, le=2, description="0 none, 1 sign A own numbers and C others, 2 own only"),
    ] = 0
    calls_per_second: Annotated[
        Pace | None, Field(description="new calls a second; more wait for their turn")
    ] = None
    user_calls_per_minute: Annotated[
        Count | None, Field(description="calls that one SIP user may place in a minute")
    ] = None
    countries: Annotated[
        Countries | None,
        Field(description="ISO 3166 codes that may be called; null: the account's"),
    ] = None
    open_prefixes: Annotated[
        OpenPrefixes,
        Field(
            default_factory=list, description="high-risk ranges that are opened, by their prefix"
        ),
    ]

    def columns(self, *, only_set: bool = False) -> dict[str, Any]:
        """Give the columns, money as money."""
        values = super().columns(only_set=only_set)
        for name in _MONEY:
            if values.get(name) is not None:
                values[name] = dollars(str(values[name]))
        return values


class OutboundProfileNew(OutboundProfileFields):
    """A new outbound voice profile. A tech prefix is drawn if none is asked for."""

    name: Name
    tech_prefix: Prefix | None = None


class OutboundProfileUpdate(OutboundProfileFields, Changes):
    """What to change of an outbound voice profile."""

    name: Name = ""
    tech_prefix: Prefix = LEAST


router = APIRouter(prefix="/rest/profile/outbound_voice", tags=["Outbound Voice Profile"])


async def _shown(
    session: AsyncSession, services: Services, who: Principal, *found: OutboundVoiceProfile
) -> list[OutboundProfileOut]:
    around = await load_around(session, services, who.account, found)
    leases = await leases_by_uuid(
        session, services, who.account, (profile.tn_lease_uuid for profile in found)
    )
    around = replace(around, leases=leases)
    return [outbound_profile_out(profile, around) for profile in found]


async def _check_caller_id(session: AsyncSession, who: Principal, lease: UUID | None) -> None:
    if lease is not None:
        await get_lease(session, who.account, lease)


@router.get(
    "",
    operation_id="ListOutboundVoiceProfiles",
    response_model=Envelope[list[OutboundProfileOut]],
    responses=errors(),
)
async def listed(who: Caller, services: Inject) -> Response:
    """List the account's outbound voice profiles, oldest first."""
    async with services.database.read() as session:
        found = await list_owned(session, OutboundVoiceProfile, who.account)
        return ok(await _shown(session, services, who, *found))


@router.post(
    "",
    status_code=201,
    operation_id="CreateOutboundVoiceProfile",
    response_model=Envelope[OutboundProfileOut],
    responses=errors(404, 409),
)
async def create(body: OutboundProfileNew, who: Caller, services: Inject) -> Response:
    """Create an outbound voice profile."""
    async with services.database.write() as session:
        await _check_caller_id(session, who, body.tn_lease)
        made = await create_profile(session, owner(who), body.columns(), services.clock.now())
        [out] = await _shown(session, services, who, made)
    return ok(out, 201)


@router.get(
    "/{uuid}",
    operation_id="GetOutboundVoiceProfileByUUID",
    response_model=Envelope[OutboundProfileOut],
    responses=errors(404),
)
async def one(uuid: UUID, who: Caller, services: Inject) -> Response:
    """Show an outbound voice profile."""
    async with services.database.read() as session:
        found = await get_owned(session, OutboundVoiceProfile, who.account, uuid)
        [out] = await _shown(session, services, who, found)
        return ok(out)


@router.patch(
    "/{uuid}",
    operation_id="ModifyOutboundVoiceProfile",
    response_model=Envelope[OutboundProfileOut],
    responses=errors(404, 409),
)
async def modify(
    uuid: UUID, body: OutboundProfileUpdate, who: Caller, services: Inject
) -> Response:
    """Change an outbound voice profile; what is left out stays."""
    changes = body.columns(only_set=True)
    async with services.database.write() as session:
        await _check_caller_id(session, who, body.tn_lease)
        found = await change_profile(session, owner(who), uuid, changes, services.clock.now())
        [out] = await _shown(session, services, who, found)
    return ok(out)


@router.delete(
    "/{uuid}",
    operation_id="RemoveOutboundVoiceProfileByUUID",
    response_model=Envelope[OutboundProfileOut],
    responses=errors(404, 409),
)
async def remove(uuid: UUID, who: Caller, services: Inject) -> Response:
    """Remove an outbound voice profile that no app and no connection uses."""
    async with services.database.write() as session:
        found = await get_to_change(session, OutboundVoiceProfile, who.account, uuid)
        refuse_if_used(f'Profile "{found.name}"', await users_of_profile(session, uuid))
        [out] = await _shown(session, services, who, found)
        await remove_profile(session, found)
    return ok(out)
