"""Calls that pay out of what was reserved for them (billing/reservations.py).

The node's hold of an account shrinks in the unit of work that charges the account, so that what
is free stays right at every moment; the call's ticket is closed when that is stored.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator
from decimal import Decimal
from functools import partial
from typing import Protocol
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from opentact.billing.ledger import Line
from opentact.billing.reservations import Credit
from opentact.kit.money import ZERO
from opentact.kit.units import on_commit

from .call_events import CallCard
from .rules.tickets import Ticket


class Charged(Protocol):
    """A page of the call book."""

    card: CallCard
    charges: list[Line]


async def settle(session: AsyncSession, pages: Collection[Charged]) -> None:
    """Shrink the holds by what these calls pay; their tickets close with the commit."""
    paid: dict[Credit, dict[UUID, Decimal]] = {}
    for page, ticket in _paying(pages):
        price = _price(page)
        if ticket.credit is not None:
            accounts = paid.setdefault(ticket.credit, defaultdict(lambda: ZERO))
            accounts[page.card.account.uuid] += price
        on_commit(session, partial(ticket.paid, price))
    for credit, amounts in paid.items():
        await credit.settle(session, amounts)


def settled(pages: Collection[Charged]) -> None:
    """Close the tickets of calls whose charge turned out to be stored already."""
    for page, ticket in _paying(pages):
        ticket.paid(_price(page))


def unsettled(pages: Collection[Charged]) -> None:
    """Close the tickets of calls whose charge is given up."""
    for _, ticket in _paying(pages):
        ticket.lost()


def _paying(pages: Collection[Charged]) -> Iterator[tuple[Charged, Ticket]]:
    for page in pages:
        if page.charges and page.card.ticket is not None:
            yield page, page.card.ticket


def _price(page: Charged) -> Decimal:
    return -sum((line.amount for line in page.charges), ZERO)
