"""What the rules look at: one call, and everything they must know about it, gathered before.

The rules themselves ask nobody anything. So they can all be put to a call that is not placed
(a quote), and to the same call again after it has waited for its turn.
"""

from dataclasses import dataclass
from decimal import Decimal

from opentact.billing.rating import Rate
from opentact.kit.money import ZERO

from .high_risk import HighRisk
from .refusals import RuleObject


@dataclass(slots=True)
class OutboundFacts:
    """A call to the telephone network, and whom it would be counted for. None is no limit.

    `countries` are those that are open, `risk` the high-risk range the number is in, `opened`
    the prefixes that were opened by name. `spent` includes what live calls have reserved.
    """

    account: RuleObject
    profile: RuleObject
    digits: str
    profile_active: bool = True
    country: str | None = None
    countries: frozenset[str] = frozenset()
    risk: HighRisk | None = None
    opened: tuple[str, ...] = ()
    caller_id: str = ""
    caller_is_own: bool = False
    deck: str = ""
    rate: Rate | None = None
    max_rate: Decimal | None = None
    channel_limit: int | None = None
    channels: int = 0
    account_channel_limit: int | None = None
    account_channels: int = 0
    daily_spend_limit: Decimal | None = None
    spent: Decimal = ZERO
    user: RuleObject | None = None
    user_limit: int | None = None
    user_calls: int = 0
