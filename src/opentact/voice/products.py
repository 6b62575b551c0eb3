"""SIP products: packages of routes and rates that a connection, an app or a profile uses.

A public product is everybody's. A private one is for the account it was made for, or, made for
none, for admins only (spec/05; decision 0035).
"""

from collections.abc import Collection
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, ForeignKey, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from opentact.accounts.ownership import Owner
from opentact.kit.entities import Base
from opentact.kit.faults import NotFound


class ProductType(StrEnum):
    """Who may choose the product (spec/12, ESIPProductType)."""

    PUBLIC = "public"
    PRIVATE = "private"


class SipProduct(Base):
    """A package of routes and rates; customers name it by its small number."""

    __tablename__ = "sip_product"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    name: Mapped[str]
    type: Mapped[ProductType]
    tech_prefix: Mapped[int] = mapped_column(unique=True)
    rate_table_id: Mapped[int]
    route_plan_id: Mapped[int]
    created_on: Mapped[datetime]
    modified_on: Mapped[datetime]
    description: Mapped[str | None] = mapped_column(default=None)
    account_uuid: Mapped[UUID | None] = mapped_column(ForeignKey("account.uuid"), default=None)


# Four digits, so that they are never one of the six-digit prefixes that customers get.
SEEDS: tuple[dict[str, Any], ...] = (
    {
        "id": 1,
        "name": "Standard",
        "description": "Calls by the platform's usual routes and rates",
        "type": ProductType.PUBLIC,
        "tech_prefix": 1001,
        "rate_table_id": 1,
        "route_plan_id": 1,
    },
    {
        "id": 2,
        "name": "House",
        "description": "For the operator's own traffic",
        "type": ProductType.PRIVATE,
        "tech_prefix": 1002,
        "rate_table_id": 2,
        "route_plan_id": 2,
    },
)


async def seed_products(session: AsyncSession, now: datetime) -> None:
    """Add the products that every platform begins with, where they are missing."""
    there = set(await session.scalars(select(SipProduct.id)))
    for seed in SEEDS:
        if seed["id"] not in there:
            session.add(SipProduct(**seed, created_on=now, modified_on=now))
    await session.flush()


async def products_for(session: AsyncSession, owner: Owner) -> list[SipProduct]:
    """List the products the owner may choose."""
    query = select(SipProduct).where(_open_to(owner)).order_by(SipProduct.id)
    return list(await session.scalars(query))


async def choose_product(session: AsyncSession, owner: Owner, wanted: int | None) -> int | None:
    """Check that the owner may choose the product, or `NotFound`.

    None chooses the default, the first public one (spec/11 C5); None comes back only on a
    platform that has no public product.
    """
    query = select(SipProduct.id)
    if wanted is None:
        public = query.where(SipProduct.type == ProductType.PUBLIC)
        return await session.scalar(public.order_by(SipProduct.id).limit(1))
    found = await session.scalar(query.where(SipProduct.id == wanted, _open_to(owner)))
    if found is None:
        raise NotFound(f"SIP product not found: {wanted}")
    return found


def _open_to(owner: Owner) -> ColumnElement[bool]:
    mine = SipProduct.account_uuid == owner.account
    public = SipProduct.type == ProductType.PUBLIC
    if owner.admin:
        return or_(public, mine, SipProduct.account_uuid.is_(None))
    return or_(public, mine)


async def decks_of(session: AsyncSession, products: Collection[int]) -> dict[int, int]:
    """Tell which rate deck each of these products has (billing/rate_decks.py)."""
    found = await session.execute(
        select(SipProduct.id, SipProduct.rate_table_id).where(SipProduct.id.in_(products))
    )
    return {row.id: row.rate_table_id for row in found}
