"""Bindings of SIP users as they are stored: one row for each place where a user can be reached.

The registrar of each node keeps its own in memory and writes them here, so that a restart finds
the phones again, and so that the API of every node knows who is online.
"""

from collections.abc import Collection, Iterable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Text, Uuid, bindparam, delete, insert, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from opentact.kit.entities import Base

from .sip.machine import Address
from .sip.registrar import Binding


class SipBinding(Base):
    """A binding of a user, registered at `node`. `key` names it among those of its user.

    `flow` is the connection it came over; 0 is UDP. What comes over a connection ends with it.
    Rows are written far more often than looked through: there are no other indexes.
    """

    __tablename__ = "sip_binding"

    user_uuid: Mapped[UUID] = mapped_column(
        ForeignKey("sip_user.uuid", ondelete="CASCADE"), primary_key=True
    )
    key: Mapped[str] = mapped_column(Text, primary_key=True)
    node: Mapped[str]
    contact: Mapped[str] = mapped_column(Text)
    host: Mapped[str]
    port: Mapped[int]
    transport: Mapped[str]
    flow: Mapped[int] = mapped_column(BigInteger)
    call_id: Mapped[str]
    number: Mapped[int] = mapped_column(BigInteger)
    path: Mapped[list[str]]
    instance: Mapped[str | None]
    reg_id: Mapped[int | None] = mapped_column(BigInteger)
    weight: Mapped[int]  # of 1000: the q of RFC 3261 20.10
    agent: Mapped[str]
    since: Mapped[datetime]
    expires_on: Mapped[datetime]


# Made once and for the table: making a statement costs more than running it.
_TABLE: Any = SipBinding.__table__
_FORGET = delete(_TABLE).where(
    # Its type is known only once users are there, to which it is a foreign key.
    _TABLE.c.user_uuid == bindparam("of_user", type_=Uuid()),
    _TABLE.c.key == bindparam("of_key"),
)
# A phone may have moved on to another node, which has its row now.
_REMOVE = _FORGET.where(_TABLE.c.node == bindparam("of_node"))
_WRITE = insert(_TABLE)
_Keyed = tuple[UUID, str]


async def store_bindings(
    session: AsyncSession, node: str, changed: Iterable[tuple[_Keyed, Binding | None]]
) -> None:
    """Write what each binding is now; None is one that is no more."""
    gone, keys, rows = [], [], []
    for (user, key), binding in changed:
        if binding is None:
            gone.append({"of_user": user, "of_key": key, "of_node": node})
        else:
            keys.append({"of_user": user, "of_key": key})
            rows.append(_row(user, node, binding))
    connection = await session.connection()
    if gone:
        await connection.execute(_REMOVE, gone)
    if rows:
        # An upsert would be one statement less, and another one for each database.
        await connection.execute(_FORGET, keys)
        await connection.execute(_WRITE, rows)


async def bindings_of_node(session: AsyncSession, node: str) -> list[tuple[UUID, Binding]]:
    """Read what the node held when it stopped."""
    query = select(_TABLE).where(_TABLE.c.node == node).order_by(_TABLE.c.expires_on)
    return [(row.user_uuid, _binding(row)) for row in await session.execute(query)]


async def is_any_elsewhere(session: AsyncSession, node: str, now: float) -> bool:
    """Tell whether another node holds a binding that has not expired."""
    holds = _TABLE.c.expires_on > _moment(now)
    query = select(_TABLE.c.key).where(_TABLE.c.node != node, holds).limit(1)
    return await session.scalar(query) is not None


async def bindings_elsewhere(
    session: AsyncSession, node: str, users: Collection[UUID]
) -> dict[UUID, tuple[Binding, ...]]:
    """Read what other nodes hold of these users over no connection, by user."""
    query = (
        select(_TABLE)
        .where(_TABLE.c.user_uuid.in_(users), _TABLE.c.node != node, _TABLE.c.flow == 0)
        .order_by(_TABLE.c.since)
    )
    found: dict[UUID, tuple[Binding, ...]] = {}
    for row in await session.execute(query):
        found[row.user_uuid] = (*found.get(row.user_uuid, ()), _binding(row))
    return found


def _row(user: UUID, node: str, binding: Binding) -> dict[str, Any]:
    return {
        "user_uuid": user,
        "key": binding.key,
        "node": node,
        "contact": binding.contact,
        "host": binding.source.host,
        "port": binding.source.port,
        "transport": binding.source.transport,
        "flow": binding.source.flow,
        "call_id": binding.call_id,
        "number": binding.number,
        "path": list(binding.path),
        "instance": binding.instance,
        "reg_id": binding.reg_id,
        "weight": round(binding.q * 1000),
        "agent": binding.agent,
        "since": _moment(binding.since),
        "expires_on": _moment(binding.expires_at),
    }


def _binding(row: Any) -> Binding:
    return Binding(
        contact=row.contact,
        source=Address(row.host, row.port, row.transport, row.flow),
        call_id=row.call_id,
        number=row.number,
        expires_at=row.expires_on.timestamp(),
        since=row.since.timestamp(),
        path=tuple(row.path),
        instance=row.instance,
        reg_id=row.reg_id,
        q=row.weight / 1000,
        agent=row.agent,
    )


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
