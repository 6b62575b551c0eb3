"""SIP switches: machines that may send calls into a domain by where they stand (spec/05)."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from opentact.accounts.ownership import Owned, Owner
from opentact.kit.entities import Base
from opentact.kit.faults import BadField, BadRequest, NotFound


class SipSwitch(Owned, Base):
    """A switch known by `remote_ip` or `remote_domain` (a host name); one of them is there."""

    __tablename__ = "sip_switch"
    called = "SIP switch"

    sip_domain_uuid: Mapped[UUID] = mapped_column(
        ForeignKey("sip_domain.uuid", ondelete="CASCADE"), index=True
    )
    name: Mapped[str]
    description: Mapped[str | None] = mapped_column(default=None)
    remote_ip: Mapped[str | None] = mapped_column(default=None)
    remote_domain: Mapped[str | None] = mapped_column(default=None)
    is_active: Mapped[bool] = mapped_column(default=True)


async def create_switch(
    session: AsyncSession, owner: Owner, domain: UUID, values: Mapping[str, Any], now: datetime
) -> SipSwitch:
    """Add a switch to a domain of the owner's."""
    switch = SipSwitch(sip_domain_uuid=domain, **values, **owner.makes(now))
    _need_a_place(switch)
    session.add(switch)
    await session.flush()
    return switch


async def change_switch(
    session: AsyncSession,
    owner: Owner,
    switch: SipSwitch,
    values: Mapping[str, Any],
    now: datetime,
) -> None:
    """Change what `values` names."""
    owner.changes(switch, values, now)
    _need_a_place(switch)
    await session.flush()


async def get_switch(
    session: AsyncSession, domain: UUID, uuid: UUID, *, to_change: bool = False
) -> SipSwitch:
    """Load a switch of the domain, or `NotFound`."""
    query = select(SipSwitch).where(SipSwitch.uuid == uuid, SipSwitch.sip_domain_uuid == domain)
    found = await session.scalar(query.with_for_update() if to_change else query)
    if found is None:
        raise NotFound("SIP switch not found")
    return found


async def switches_in(session: AsyncSession, domain: UUID) -> list[SipSwitch]:
    """List the domain's switches, oldest first."""
    query = select(SipSwitch).where(SipSwitch.sip_domain_uuid == domain)
    return list(await session.scalars(query.order_by(SipSwitch.created_on, SipSwitch.uuid)))


def _need_a_place(switch: SipSwitch) -> None:
    if switch.remote_ip is None and switch.remote_domain is None:
        wrong = BadField("one of remote_ip and remote_domain is required")
        raise BadRequest(
            "A SIP switch needs a remote_ip or a remote_domain",
            fields={"params.remote_ip": wrong, "params.remote_domain": wrong},
        )
