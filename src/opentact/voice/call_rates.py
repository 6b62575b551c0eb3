"""What a minute costs on a number that is called, remembered for a moment.

Price lists change a few times a year and are asked for with every call. As with other facts of
calls (remembered.py), a change is seen within a second.
"""

from collections import defaultdict
from collections.abc import Collection
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from opentact.billing.rating import Rate
from opentact.kit.money import ZERO
from opentact.numbers.profiles import price_lists

from .remembered import FRESH_S, MOST_KEPT

Key = tuple[UUID, str]
"""An account, and the profile of a number of its."""


class CallRates:
    """Rates of accounts by profile, for one node."""

    def __init__(self) -> None:
        """Know nothing yet."""
        self._kept: dict[Key, Rate] = {}
        self._until: datetime | None = None

    async def of(
        self, session: AsyncSession, keys: Collection[Key], now: datetime
    ) -> dict[Key, Rate]:
        """Tell the rate for each key, reading what is not known; without a list it is zero."""
        if self._until is None or now >= self._until or len(self._kept) > MOST_KEPT:
            self._kept = {}
            self._until = now + timedelta(seconds=FRESH_S)
        missing: dict[UUID, set[str]] = defaultdict(set)
        for account, profile in keys:
            if (account, profile) not in self._kept:
                missing[account].add(profile)
        for account, names in missing.items():
            lists = await price_lists(session, account, names, now=now)
            for name in names:
                prices = lists.get(name)
                self._kept[account, name] = Rate(
                    prices.voice_incoming_per_min_cost if prices else ZERO
                )
        return {key: self._kept[key] for key in keys}
