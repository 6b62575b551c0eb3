"""Outbound voice profiles: who may call the telephone network, and within which limits (spec/04).

Apps and connections point at one. All fields of all documents are kept (spec/11 C16).
"""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from opentact.accounts.ownership import Owned, Owner, get_to_change
from opentact.kit.entities import Base, Json, JsonColumn

from .products import choose_product
from .tech_prefixes import draw_prefix, free_prefix, take_prefix

USUAL_MEDIA = "Proxy Media"  # spec/11 C5


def usual_settings() -> Json:
    """Give the trunk settings of an object made without any."""
    return {"media_type": USUAL_MEDIA}


class OutboundVoiceProfile(Owned, Base):
    """Limits and identity of outgoing calls.

    `tn_lease_uuid` is the number shown as caller. `max_rate` is dollars a minute,
    `daily_spend_limit` dollars a day; None is no limit. `countries` are ISO 3166 codes that may
    be called, None those of the account; `open_prefixes` open high-risk ranges by name.
    """

    __tablename__ = "outbound_voice_profile"
    called = "Outbound voice profile"

    name: Mapped[str]
    tech_prefix: Mapped[int] = mapped_column(unique=True)
    is_active: Mapped[bool] = mapped_column(default=True)
    product_id: Mapped[int | None] = mapped_column(ForeignKey("sip_product.id"), default=None)
    tn_lease_uuid: Mapped[UUID | None] = mapped_column(index=True, default=None)
    class4_ingress_trunk_settings: Mapped[Json] = mapped_column(default_factory=usual_settings)
    channel_limit: Mapped[int | None] = mapped_column(default=None)
    max_rate: Mapped[Decimal | None] = mapped_column(default=None)
    daily_spend_limit: Mapped[Decimal | None] = mapped_column(default=None)
    record_calls: Mapped[int] = mapped_column(default=0)
    file_format: Mapped[str] = mapped_column(default="wav")
    audio_track_type: Mapped[int] = mapped_column(default=0)
    shaken_sign_policy: Mapped[int] = mapped_column(default=0)
    calls_per_second: Mapped[int | None] = mapped_column(default=None)
    user_calls_per_minute: Mapped[int | None] = mapped_column(default=None)
    countries: Mapped[list[str] | None] = mapped_column(JsonColumn, default=None)
    open_prefixes: Mapped[list[str]] = mapped_column(JsonColumn, default_factory=list)


async def create_profile(
    session: AsyncSession, owner: Owner, values: Mapping[str, Any], now: datetime
) -> OutboundVoiceProfile:
    """Make a profile; it holds the tech prefix of `values`, or draws one."""
    chosen = {**values, "product_id": None, "tech_prefix": 0}
    chosen["product_id"] = await choose_product(session, owner, values.get("product_id"))
    profile = OutboundVoiceProfile(**chosen, **owner.makes(now))
    wanted = values.get("tech_prefix")
    if wanted is None:
        profile.tech_prefix = await draw_prefix(session, profile.uuid)
    else:
        profile.tech_prefix = await take_prefix(session, wanted, profile.uuid)
    session.add(profile)
    await session.flush()
    return profile


async def change_profile(
    session: AsyncSession, owner: Owner, uuid: UUID, values: Mapping[str, Any], now: datetime
) -> OutboundVoiceProfile:
    """Change what `values` names; another tech prefix gives back the one it had."""
    profile = await get_to_change(session, OutboundVoiceProfile, owner.account, uuid)
    if "product_id" in values:
        await choose_product(session, owner, values["product_id"])
    if values.get("tech_prefix", profile.tech_prefix) != profile.tech_prefix:
        await free_prefix(session, uuid)
        await take_prefix(session, values["tech_prefix"], uuid)
    owner.changes(profile, values, now)
    await session.flush()
    return profile


async def remove_profile(session: AsyncSession, profile: OutboundVoiceProfile) -> None:
    """Remove a profile that nothing uses."""
    await free_prefix(session, profile.uuid)
    await session.delete(profile)
    await session.flush()
