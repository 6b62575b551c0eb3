"""What a call would cost, and whether it would be let out: asked without placing it.

The price is made as the charge is, from the same rate. Every rule that would refuse is told,
not only the first.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from opentact.billing.deck_table import Destination
from opentact.billing.rating import MINUTE_S
from opentact.kit.money import ZERO
from opentact.voice import causes
from opentact.voice.outbound_profiles import OutboundVoiceProfile

from . import catalogue
from .asks import OutboundAsk
from .gathering import Gatherer
from .refusals import RuleRefused

Free = Callable[[UUID], Awaitable[Decimal]]
"""Tell an account's balance less what is set aside."""


@dataclass(frozen=True, slots=True)
class Quote:
    """The answer. `destination` is None for a number without a price."""

    digits: str
    country: str | None
    destination: Destination | None
    refusals: tuple[RuleRefused, ...]

    def price(self, seconds: int) -> Decimal | None:
        """Price a call of so many seconds, as it will be charged."""
        return None if self.destination is None else self.destination.rate.charge(seconds)


class Quotes:
    """Answers for the API of one node."""

    def __init__(self, gatherer: Gatherer, free: Free) -> None:
        self._gatherer = gatherer
        self._free = free

    async def quote(self, ask: OutboundAsk, profile: OutboundVoiceProfile) -> Quote:
        """Put the call to every rule; raises what the database said."""
        gathered = await self._gatherer.gather(ask, profile)
        facts = gathered.facts
        refused = [*catalogue.refusals(catalogue.ALL, facts)]
        if facts.rate is not None and not facts.rate.is_free:
            needed, free = facts.rate.charge(MINUTE_S), await self._free(ask.account.uuid)
            if free < needed:
                limits = (f"{needed:.5f}", f"{max(free, ZERO):.5f}")
                refused.append(RuleRefused(causes.BALANCE_EMPTY, "balance", facts.account, *limits))
        return Quote(facts.digits, facts.country, gathered.destination, tuple(refused))
