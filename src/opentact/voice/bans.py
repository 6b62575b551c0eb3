"""Bans of sources at the SIP edge: who, why, how much was seen, and until when.

There is one row for each source; a new ban of the same source renews it, and counts. Rows stay
a month beyond their end, so that who comes back is banned for longer, and so that an operator can
see what was lifted. Every node reads them (voice/gatekeeper.py).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import delete, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from opentact.kit.entities import Base, Json, JsonColumn, Stamped
from opentact.kit.faults import NotFound

# A flood from forged addresses could fill the table; beyond, sources are only slowed down.
LONGEST_S = 10 * 365 * 86_400
BY_HAND = "banned by hand"
MOST_BANS = 10_000
KEPT = timedelta(days=30)


class SipBan(Stamped, Base):
    """A ban. `place` is an address or a network; `times` counts how often it was banned.

    `evidence` counts what was seen, by what; `by` is who banned: a node, or an admin's e-mail.
    A ban that was lifted has `lifted_on`, and the count begins anew.
    """

    __tablename__ = "sip_ban"

    place: Mapped[str] = mapped_column(unique=True)
    reason: Mapped[str]
    until: Mapped[datetime] = mapped_column(index=True)
    detail: Mapped[str] = mapped_column(default="")
    evidence: Mapped[Json] = mapped_column(JsonColumn, default_factory=dict)
    times: Mapped[int] = mapped_column(default=1)
    by: Mapped[str] = mapped_column(default="")
    lifted_on: Mapped[datetime | None] = mapped_column(default=None)
    lifted_by: Mapped[str | None] = mapped_column(default=None)


@dataclass(frozen=True, slots=True)
class NewBan:
    """What to store; a ban of a place that was banned before renews its row."""

    place: str
    reason: str
    detail: str
    evidence: dict[str, int]
    times: int
    seconds: float
    by: str


@dataclass(frozen=True, slots=True)
class Held:
    """A ban as nodes keep it in memory."""

    until: datetime
    reason: str


async def active_bans(session: AsyncSession, now: datetime) -> list[SipBan]:
    """List what is banned now, the newest first."""
    query = (
        select(SipBan)
        .where(SipBan.until > now, SipBan.lifted_on.is_(None))
        .order_by(SipBan.modified_on.desc(), SipBan.place)
    )
    return list(await session.scalars(query))


async def all_bans(session: AsyncSession) -> list[SipBan]:
    """List all that is kept, ended and lifted ones as well."""
    query = select(SipBan).order_by(SipBan.modified_on.desc(), SipBan.place)
    return list(await session.scalars(query))


async def held_bans(session: AsyncSession, now: datetime) -> tuple[dict[str, Held], dict[str, int]]:
    """Read what is banned now by place, and how often whoever is kept was banned.

    Lifted ones count as never banned.
    """
    query = select(
        SipBan.place,
        SipBan.until,
        SipBan.reason,
        SipBan.times,
    ).where(SipBan.lifted_on.is_(None))
    rows = (await session.execute(query)).all()
    held = {row.place: Held(row.until, row.reason) for row in rows if row.until > now}
    return held, {row.place: row.times for row in rows}


async def version_of_bans(session: AsyncSession) -> tuple[datetime | None, int]:
    """Tell what changes whenever a ban does: cheap to ask for every second."""
    query = select(func.max(SipBan.modified_on), func.count())
    moment, count = (await session.execute(query.select_from(SipBan))).one()
    return moment, count


async def put_bans(session: AsyncSession, bans: Iterable[NewBan], now: datetime) -> list[SipBan]:
    """Store bans, each as the only one of its place; what ended a month ago is forgotten."""
    old = now - KEPT
    ended = or_(SipBan.until < old, SipBan.lifted_on < old)
    await session.execute(delete(SipBan).where(ended))
    made = [await _put(session, ban, now) for ban in bans]
    await session.flush()
    return made


async def get_ban(session: AsyncSession, uuid: UUID) -> SipBan:
    """Load a ban, or `NotFound`."""
    found = await session.scalar(select(SipBan).where(SipBan.uuid == uuid).with_for_update())
    if found is None:
        raise NotFound("Ban not found")
    return found


async def ban_of(session: AsyncSession, place: str, now: datetime) -> SipBan:
    """Load the ban of a place that is banned now, or `NotFound`."""
    query = select(SipBan).where(
        SipBan.place == place, SipBan.until > now, SipBan.lifted_on.is_(None)
    )
    found: SipBan | None = await session.scalar(query)
    if found is None:
        raise NotFound(f"{place} is not banned")
    return found


def lift(ban: SipBan, by: str, now: datetime) -> None:
    """Undo a ban; the next one is a first one again. Lifting twice changes nothing."""
    if ban.lifted_on is None:
        ban.lifted_on, ban.lifted_by, ban.modified_on, ban.times = now, by, now, 0


async def _put(session: AsyncSession, ban: NewBan, now: datetime) -> SipBan:
    found = await session.scalar(select(SipBan).where(SipBan.place == ban.place).with_for_update())
    until = now + timedelta(seconds=ban.seconds)
    if found is None:
        found = SipBan(
            place=ban.place, reason=ban.reason, until=until, created_on=now, modified_on=now
        )
        session.add(found)
    elif found.lifted_on is None:
        until = max(until, found.until)  # another node may have banned it for longer
    found.reason, found.detail, found.evidence = ban.reason, ban.detail, dict(ban.evidence)
    found.until, found.times, found.by = until, ban.times, ban.by
    found.lifted_on, found.lifted_by, found.modified_on = None, None, now
    return found
