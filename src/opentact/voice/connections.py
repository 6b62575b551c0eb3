"""SIP connections: remote SIP servers that calls are delivered to, and come from (spec/05).

Calls go to `ip` or `hostname` and `port` first, and from there to the other targets. Calls come
from those same places, from `inbound_ips`, or from whoever knows `inbound_username`'s password.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from opentact.accounts.ownership import Owned, Owner, get_to_change, get_to_point_at
from opentact.kit.entities import Base, Json, JsonColumn
from opentact.kit.faults import BadField, BadRequest, Conflict

from .outbound_profiles import OutboundVoiceProfile, usual_settings
from .products import choose_product
from .tech_prefixes import draw_prefix, free_prefix


class LoginTaken(Conflict):
    """Another connection logs in by this name: choose another `inbound_username`."""

    code = "login_taken"


class SipConnection(Owned, Base):
    """A remote SIP server: `ip` or `hostname`, and `port`.

    Without a port, a `hostname` stands for the servers that DNS names for it (RFC 3263).

    `targets` are {host, port, transport, priority, weight}; one with the first target's host and
    port says more about that one. `username` and `password` are for the digest towards them, and
    for `register`, a REGISTER kept up for `expires` seconds at a time. `options_interval_s` is
    the pause between two OPTIONS, 0 for none. `inbound_ips` are addresses or networks.

    `shaken_verify_policy`: 0 does not check the caller's identity, 1 blocks calls without one,
    2 blocks calls with a bad one, 3 checks and reports but never blocks (spec/05, spec/11 C17).
    """

    __tablename__ = "sip_connection"
    called = "SIP connection"

    name: Mapped[str]
    port: Mapped[int | None]
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
    transport: Mapped[str] = mapped_column(default="udp")
    targets: Mapped[list[Json]] = mapped_column(JsonColumn, default_factory=list)
    username: Mapped[str | None] = mapped_column(default=None)
    password: Mapped[str | None] = mapped_column(default=None, repr=False)
    register: Mapped[bool] = mapped_column(default=False)
    expires: Mapped[int] = mapped_column(default=3600)
    options_interval_s: Mapped[int] = mapped_column(default=0)
    inbound_ips: Mapped[list[str]] = mapped_column(JsonColumn, default_factory=list)
    inbound_username: Mapped[str | None] = mapped_column(default=None, unique=True)
    inbound_password: Mapped[str | None] = mapped_column(default=None, repr=False)


async def create_connection(
    session: AsyncSession, owner: Owner, values: Mapping[str, Any], now: datetime
) -> SipConnection:
    """Make a connection with a tech prefix of its own."""
    checked = await checked_links(session, owner, {"product_id": None, **values})
    connection = SipConnection(**checked, tech_prefix=0, **owner.makes(now))
    _sound(connection)
    connection.tech_prefix = await draw_prefix(session, connection.uuid)
    await _settle(session, connection)
    return connection


async def change_connection(
    session: AsyncSession, owner: Owner, uuid: UUID, values: Mapping[str, Any], now: datetime
) -> SipConnection:
    """Change what `values` names."""
    connection = await get_to_change(session, SipConnection, owner.account, uuid)
    owner.changes(connection, await checked_links(session, owner, values), now)
    _sound(connection)
    await _settle(session, connection)
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


def _sound(connection: SipConnection) -> None:
    """Refuse what does not fit together, naming every field."""
    fields: dict[str, BadField] = {}
    if connection.ip is None and connection.hostname is None:  # spec/11 C6
        missing = BadField("one of ip and hostname is required")
        fields |= {"params.ip": missing, "params.hostname": missing}
    for wanted, by, why in (
        ("username", "password", "a password is of no use without it"),
        ("password", "username", "a username is of no use without it"),
        ("username", "register", "a registration needs it"),
        ("inbound_username", "inbound_password", "a password is of no use without it"),
        ("inbound_password", "inbound_username", "a username is of no use without it"),
    ):
        if getattr(connection, by) and not getattr(connection, wanted):
            fields[f"params.{wanted}"] = BadField(f"required: {why}")
    if fields:
        raise BadRequest(_sentence(fields), fields=fields)


def _sentence(fields: Mapping[str, BadField]) -> str:
    if "params.ip" in fields:
        return "A SIP connection needs an ip or a hostname"
    names = ", ".join(name.removeprefix("params.") for name in fields)
    return f"The SIP connection needs also: {names}"


async def _settle(session: AsyncSession, connection: SipConnection) -> None:
    try:
        async with session.begin_nested():
            session.add(connection)
            await session.flush()
    except IntegrityError:
        taken = BadField("the login of another connection", connection.inbound_username)
        raise LoginTaken(fields={"params.inbound_username": taken}) from None
