"""SIP control apps: what answers a call, by a call flow and a webhook (spec/05).

An app's static call flow is kept with its last versions; the newest one runs, unless it was
removed.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, UniqueConstraint, delete, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from opentact.accounts.ownership import Owned, Owner, get_to_change
from opentact.kit.entities import Base, Json
from opentact.kit.faults import NotFound

from .connections import checked_links
from .outbound_profiles import usual_settings
from .tech_prefixes import draw_prefix, free_prefix

VERSIONS_KEPT = 20


class SipControlApp(Owned, Base):
    """A programmable endpoint that many numbers may share.

    Timeouts are milliseconds: None waits without end, 0 leaves it to the operating system
    (spec/05). `max_call_length_min` of None is no limit.
    """

    __tablename__ = "sip_control_app"
    called = "SIP control app"

    name: Mapped[str]
    tech_prefix: Mapped[int] = mapped_column(unique=True)
    is_active: Mapped[bool] = mapped_column(default=True)
    auto_answer: Mapped[bool] = mapped_column(default=True)
    max_call_length_min: Mapped[int | None] = mapped_column(default=None)
    webhook_url: Mapped[str | None] = mapped_column(default=None)
    webhook_method: Mapped[str] = mapped_column(default="GET")
    webhook_request_timeout: Mapped[int | None] = mapped_column(default=None)
    call_flow_url: Mapped[str | None] = mapped_column(default=None)
    call_flow_method: Mapped[str] = mapped_column(default="GET")
    call_flow_request_timeout: Mapped[int | None] = mapped_column(default=None)
    subdomain: Mapped[str | None] = mapped_column(default=None)
    product_id: Mapped[int | None] = mapped_column(ForeignKey("sip_product.id"), default=None)
    outbound_voice_profile_uuid: Mapped[UUID | None] = mapped_column(
        ForeignKey("outbound_voice_profile.uuid"), index=True, default=None
    )
    class4_ingress_trunk_settings: Mapped[Json] = mapped_column(default_factory=usual_settings)
    class4_egress_trunk_settings: Mapped[Json] = mapped_column(default_factory=usual_settings)
    shaken_verify_policy: Mapped[int] = mapped_column(default=0)
    shaken_minimum_accepted_attest_lvl: Mapped[str] = mapped_column(default="C")


class StaticCallFlow(Owned, Base):
    """One version of an app's static call flow, as it was sent.

    `removed_on` on the newest version means that the app has no static flow now.
    """

    __tablename__ = "static_call_flow"
    __table_args__ = (UniqueConstraint("sip_control_app_uuid", "version"),)
    called = "Static call flow"

    sip_control_app_uuid: Mapped[UUID] = mapped_column(
        ForeignKey("sip_control_app.uuid", ondelete="CASCADE")
    )
    version: Mapped[int]
    document: Mapped[bytes]
    removed_on: Mapped[datetime | None] = mapped_column(default=None)


async def create_control_app(
    session: AsyncSession, owner: Owner, values: Mapping[str, Any], now: datetime
) -> SipControlApp:
    """Make an app with a tech prefix of its own."""
    checked = await checked_links(session, owner, {"product_id": None, **values})
    app = SipControlApp(**checked, tech_prefix=0, **owner.makes(now))
    app.tech_prefix = await draw_prefix(session, app.uuid)
    session.add(app)
    await session.flush()
    return app


async def change_control_app(
    session: AsyncSession, owner: Owner, uuid: UUID, values: Mapping[str, Any], now: datetime
) -> SipControlApp:
    """Change what `values` names."""
    app = await get_to_change(session, SipControlApp, owner.account, uuid)
    owner.changes(app, await checked_links(session, owner, values), now)
    await session.flush()
    return app


async def remove_control_app(session: AsyncSession, app: SipControlApp) -> None:
    """Remove an app that nothing uses, and its flows with it."""
    await free_prefix(session, app.uuid)
    await session.delete(app)
    await session.flush()


async def get_app_for_call(session: AsyncSession, uuid: UUID) -> SipControlApp | None:
    """Find the app of a call by the primary key; whose call it is, its lease has told."""
    return await session.scalar(select(SipControlApp).where(SipControlApp.uuid == uuid))


async def current_flow(session: AsyncSession, app_uuid: UUID) -> bytes | None:
    """Find the app's static call flow, in one indexed query; None if it has none."""
    newest = (
        select(StaticCallFlow.document, StaticCallFlow.removed_on)
        .where(StaticCallFlow.sip_control_app_uuid == app_uuid)
        .order_by(StaticCallFlow.version.desc())
        .limit(1)
    )
    row = (await session.execute(newest)).one_or_none()
    return row.document if row and row.removed_on is None else None


async def flow_version(
    session: AsyncSession, app: SipControlApp, version: int | None
) -> StaticCallFlow:
    """Load a version that is kept, or the current one; `NotFound` if there is none."""
    query = select(StaticCallFlow).where(StaticCallFlow.sip_control_app_uuid == app.uuid)
    if version is not None:
        found = await session.scalar(query.where(StaticCallFlow.version == version))
        if found is None:
            raise NotFound(f"This app keeps no version {version} of its static call flow")
        return found
    found = await session.scalar(query.order_by(StaticCallFlow.version.desc()).limit(1))
    if found is None or found.removed_on is not None:
        raise NotFound("This app has no static call flow")
    return found


async def save_flow(
    session: AsyncSession, owner: Owner, app_uuid: UUID, document: bytes, now: datetime
) -> StaticCallFlow:
    """Keep a document, already found sound, as the app's current flow."""
    # The lock on the app makes version numbers follow each other.
    app = await get_to_change(session, SipControlApp, owner.account, app_uuid)
    mine = StaticCallFlow.sip_control_app_uuid == app.uuid
    versions = select(StaticCallFlow.version).where(mine)
    newest = await session.scalar(versions.order_by(StaticCallFlow.version.desc()).limit(1))
    flow = StaticCallFlow(
        sip_control_app_uuid=app.uuid,
        version=(newest or 0) + 1,
        document=document,
        **owner.makes(now),
    )
    session.add(flow)
    await session.flush()
    old = StaticCallFlow.version <= flow.version - VERSIONS_KEPT
    await session.execute(delete(StaticCallFlow).where(mine, old))
    return flow


async def remove_flow(
    session: AsyncSession, owner: Owner, app_uuid: UUID, now: datetime
) -> StaticCallFlow:
    """Let the app have no static flow; its versions stay readable."""
    app = await get_to_change(session, SipControlApp, owner.account, app_uuid)
    flow = await flow_version(session, app, None)
    flow.removed_on = now
    owner.changes(flow, {}, now)
    await session.flush()
    return flow
