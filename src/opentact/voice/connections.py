"""SIP connections: remote SIP servers that calls are delivered to (spec/05)."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from opentact.accounts.ownership import Owned, Owner, get_to_change, get_to_point_at
from opentact.kit.entities import Base, Json
from opentact.kit.faults import BadField, BadRequest

from .outbound_profiles import OutboundVoiceProfile, usual_settings
from .products import choose_product
from .tech_prefixes import draw_prefix, free_prefix


class SipConnection(Owned, Base):
    """A remote SIP server: `ip` or `hostname`, and `port`.

    `shaken_verify_policy`: 0 does not check the caller's identity, 1 blocks calls without one,
    2 blocks calls with a bad one, 3 checks and reports but never blocks (spec/05, spec/11 C17).
    """

    __tablename__ = "sip_connection"
    called = "SIP connection"

    name: Mapped[str]
    port: Mapped[int]
    tech_prefix: Mapped[int] = mapped_column(unique=True)
    is_active: Mapped[bool] = mapped_column(default=True)
    ip: Mapped[str | None] = mapped_column(default=None)
    hostname: Mapped[str | None] = mapped_column(default=None)
    subdomain: Mapped[str | None] = mapped_column(default=None)
    product_id: Mapped[int | None] = mapped_column(ForeignKey("sip_product.id"), default=None)
    outbound_voice_profile_uuid: Mapped[UUID | None] = mapped_column(
        ForeignKey("outbound_voice_profile.uuid"), index=True, default=None
    )
    class4_ingress_trunk_settings: Mapped[Json] = mapped_column(default_factory=usual_settings)
    class4_egress_trunk_settings: Mapped[Json] = mapped_column(default_factory=usual_settings)
    shaken_verify_policy: Mapped[int] = mapped_column(default=0)
    shaken_minimum_accepted_attest_lvl: Mapped[str] = mapped_column(default="C")


async def create_connection(
    session: AsyncSession, owner: Owner, values: Mapping[str, Any], now: datetime
) -> SipConnection:
    """Make a connection with a tech prefix of its own."""
    checked = await checked_links(session, owner, {"product_id": None, **values})
    connection = SipConnection(**checked, tech_prefix=0, **owner.makes(now))
    _reachable(connection)
    connection.tech_prefix = await draw_prefix(session, connection.uuid)
    session.add(connection)
    await session.flush()
    return connection


async def change_connection(
    session: AsyncSession, owner: Owner, uuid: UUID, values: Mapping[str, Any], now: datetime
) -> SipConnection:
    """Change what `values` names."""
    connection = await get_to_change(session, SipConnection, owner.account, uuid)
    owner.changes(connection, await checked_links(session, owner, values), now)
    _reachable(connection)
    await session.flush()
    return connection


async def remove_connection(session: AsyncSession, connection: SipConnection) -> None:
    """Remove a connection that nothing uses."""
    await free_prefix(session, connection.uuid)
    await session.delete(connection)
    await session.flush()


async def checked_links(
    session: AsyncSession, owner: Owner, values: Mapping[str, Any]
) -> dict[str, Any]:
    """Check the product and the outbound voice profile that `values` points at."""
    checked = dict(values)
    if "product_id" in values:
        checked["product_id"] = await choose_product(session, owner, values["product_id"])
    profile = values.get("outbound_voice_profile_uuid")
    if profile is not None:
        await get_to_point_at(session, OutboundVoiceProfile, owner.account, profile)
    return checked


def _reachable(connection: SipConnection) -> None:
    """Refuse a server without any address (spec/11 C6)."""
    if connection.ip is None and connection.hostname is None:
        missing = BadField("one of ip and hostname is required")
        raise BadRequest(
            "A SIP connection needs an ip or a hostname",
            fields={"params.ip": missing, "params.hostname": missing},
        )
