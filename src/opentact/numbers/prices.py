"""What an order of numbers costs: the quote and the charge are both made here.

A number costs the `nrc` once and the `mrc` each month, and so does each working feature that is
switched on for it. The first month is charged with the order.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from opentact.billing.ledger import Line, RefType
from opentact.kit.entities import Json
from opentact.kit.money import ZERO

from .faults import ProfileNotFound
from .features import WORKING, Feature
from .inventory import Tn
from .profiles import DEFAULT, Prices, price_lists

_REFS = {
    "nrc": RefType.TNLEASE_NRC,
    "mrc": RefType.TNLEASE_MRC,
    "voice_nrc": RefType.VOICE_NRC,
    "voice_mrc": RefType.VOICE_MRC,
    "sms_nrc": RefType.SMS_NRC,
    "sms_mrc": RefType.SMS_MRC,
}


@dataclass(frozen=True, slots=True)
class Price:
    """What one number costs. `parts` are dollars by `nrc`, `mrc`, `voice_nrc` and so on."""

    parts: dict[str, Decimal]

    @property
    def nrc(self) -> Decimal:
        """What is paid once."""
        return sum((v for name, v in self.parts.items() if name.endswith("nrc")), ZERO)

    @property
    def mrc(self) -> Decimal:
        """What is paid each month."""
        return sum((v for name, v in self.parts.items() if name.endswith("mrc")), ZERO)

    @property
    def first(self) -> Decimal:
        """What is paid when the number is bought."""
        return self.nrc + self.mrc

    def charges(self, lease: UUID, tn: int, *, monthly_only: bool = False) -> list[Line]:
        """Write the ledger lines, one for each part that costs anything."""
        return [
            Line(-amount, _REFS[name], lease, f"{tn}")
            for name, amount in self.parts.items()
            if amount and not (monthly_only and name.endswith("nrc"))
        ]

    def to_json(self) -> Json:
        """Write the price down exactly, for the row of an order's item."""
        return {name: str(amount) for name, amount in self.parts.items()}

    @classmethod
    def from_json(cls, kept: Json) -> "Price":
        """Read what `to_json` wrote."""
        return cls({name: Decimal(amount) for name, amount in kept.items()})


FREE = Price({})


def price_of(prices: Prices, features: Iterable[Feature]) -> Price:
    """Price a number with these features on a price list."""
    parts = {"nrc": prices.nrc, "mrc": prices.mrc}
    for feature in WORKING:
        if feature in features:
            parts[f"{feature}_nrc"] = getattr(prices, f"{feature}_nrc")
            parts[f"{feature}_mrc"] = getattr(prices, f"{feature}_mrc")
    return Price(parts)


def feature_price(prices: Prices, feature: Feature) -> Price:
    """Price a feature that is switched on for a number the account has already."""
    return Price(
        {
            f"{feature}_nrc": getattr(prices, f"{feature}_nrc"),
            f"{feature}_mrc": getattr(prices, f"{feature}_mrc"),
        }
    )


async def prices_for(session: AsyncSession, account: UUID, tn: int, *, now: datetime) -> Prices:
    """Look up the price list that the account pays for the number."""
    name = await session.scalar(select(Tn.profile).where(Tn.tn == tn)) or DEFAULT
    lists = await price_lists(session, account, [name, DEFAULT], now=now)
    found: Prices | None = lists.get(name) or lists.get(DEFAULT)
    if found is None:
        raise ProfileNotFound(f"Profile not found: {name}")
    return found
