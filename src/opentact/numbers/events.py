"""What happens to numbers, orders and leases."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from opentact.accounts.accounts import Account


@dataclass(frozen=True, slots=True)
class OrderSummary:
    """An order in short; the counts are of its items (spec/03, place)."""

    uuid: UUID
    state: str
    created_on: datetime
    modified_on: datetime
    total: int
    success: int
    processing: int
    failed: int


@dataclass(frozen=True, slots=True)
class OrderChanged:
    """An order was placed, or its items were settled."""

    account: Account
    order: OrderSummary


@dataclass(frozen=True, slots=True)
class LeaseRenewed:
    """A lease was paid for another period."""

    account: Account
    lease: UUID
    tn: int
    expired_on: datetime


@dataclass(frozen=True, slots=True)
class LeaseReleased:
    """A number was given back: by its holder, or because it was not renewed."""

    lease: UUID
    tn: int
    account: Account
    reason: str
