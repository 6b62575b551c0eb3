"""Rate decks: what calls to the numbers of each prefix cost, from a date on.

A deck is a table that the operator uploads (rate_sheets.py); a SIP product names its deck by
`rate_table_id`. A prefix may have several rates, of which the latest in effect counts.
"""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import ForeignKey, Insert, String, bindparam, func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from opentact.kit.entities import EPOCH, Base
from opentact.kit.faults import NotFound
from opentact.kit.money import ZERO

USUAL_DECK = 1
LONGEST_PREFIX = 15
PAGE = 2_000  # rows read at a time: others get their turn in between


class RateDeck(Base):
    """A table of rates. `version` counts its changes: whoever holds it in memory compares."""

    __tablename__ = "rate_deck"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    name: Mapped[str]
    created_on: Mapped[datetime]
    modified_on: Mapped[datetime]
    version: Mapped[int] = mapped_column(default=0)


class DeckRate(Base):
    """Dollars a minute for a prefix; seconds charged first and then; a fee for the answer."""

    __tablename__ = "rate_deck_rate"

    deck_id: Mapped[int] = mapped_column(ForeignKey("rate_deck.id"), primary_key=True)
    prefix: Mapped[str] = mapped_column(String(LONGEST_PREFIX), primary_key=True)
    effective_on: Mapped[datetime] = mapped_column(primary_key=True)
    destination: Mapped[str] = mapped_column(String(255))
    per_minute: Mapped[Decimal]
    initial: Mapped[int]
    increment: Mapped[int]
    connect_fee: Mapped[Decimal] = mapped_column(default=ZERO)


class RateDeckNotFound(NotFound):
    """There is no rate deck of this number: `opentact rates list` shows those there are."""

    code = "rate_deck_not_found"


_RATE: Any = DeckRate.__table__
_KEY = ("deck_id", "prefix", "effective_on")
_PAGE = (
    select(_RATE)
    .where(
        _RATE.c.deck_id == bindparam("deck"),
        (_RATE.c.prefix > bindparam("prefix"))
        | ((_RATE.c.prefix == bindparam("prefix")) & (_RATE.c.effective_on > bindparam("since"))),
    )
    .order_by(_RATE.c.prefix, _RATE.c.effective_on)
    .limit(PAGE)
)


def _putting(dialect: Any) -> Insert:
    row = dialect.insert(_RATE)
    changed = {c.name: row.excluded[c.name] for c in _RATE.columns if c.name not in _KEY}
    put: Insert = row.on_conflict_do_update(index_elements=_KEY, set_=changed)
    return put


_PUT = {"sqlite": _putting(sqlite), "postgresql": _putting(postgresql)}


async def open_deck(session: AsyncSession, deck: int, now: datetime, name: str = "") -> None:
    """Make the deck if there is none of this number, and count a change of it."""
    changed = await session.execute(
        update(RateDeck)
        .where(RateDeck.id == deck)
        .values(version=RateDeck.version + 1, modified_on=now)
        .returning(RateDeck.id)
    )
    if not changed.all():
        row = {"id": deck, "name": name or f"Deck {deck}", "version": 1}
        await session.execute(insert(RateDeck), [{**row, "created_on": now, "modified_on": now}])


async def put_rates(session: AsyncSession, deck: int, rates: Sequence[dict[str, Any]]) -> None:
    """Add rates, or change those of the same prefix and date; the last of a kind counts."""
    rows = {(rate["prefix"], rate["effective_on"]): {**rate, "deck_id": deck} for rate in rates}
    if rows:
        await session.execute(_PUT[session.get_bind().dialect.name], [*rows.values()])


async def get_deck(session: AsyncSession, deck: int) -> RateDeck:
    """Load a deck, or `RateDeckNotFound`."""
    found = await session.get(RateDeck, deck)
    if found is None:
        raise RateDeckNotFound(f"Rate deck not found: {deck}")
    return found


async def decks(session: AsyncSession) -> list[tuple[RateDeck, int]]:
    """List the decks with the number of their rates."""
    counted = (
        select(DeckRate.deck_id, func.count().label("rates")).group_by(DeckRate.deck_id).subquery()
    )
    found = await session.execute(
        select(RateDeck, func.coalesce(counted.c.rates, 0))
        .outerjoin(counted, counted.c.deck_id == RateDeck.id)
        .order_by(RateDeck.id)
    )
    return [(deck, rates) for deck, rates in found]


async def version_of(session: AsyncSession, deck: int) -> int:
    """Tell how often the deck was changed; 0 if there is none."""
    found = await session.scalar(select(RateDeck.version).where(RateDeck.id == deck))
    return found or 0


async def rates_of(session: AsyncSession, deck: int) -> AsyncIterator[Sequence[Any]]:
    """Read the deck's rates as rows, by prefix and date, a page at a time."""
    after: dict[str, Any] = {"deck": deck, "prefix": "", "since": EPOCH}
    while True:
        page = (await session.execute(_PAGE, after)).all()
        if page:
            yield page
        if len(page) < PAGE:
            return
        after |= {"prefix": page[-1].prefix, "since": page[-1].effective_on}
