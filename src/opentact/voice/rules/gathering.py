"""Gathering what the rules look at: the number, its price and risk, the limits and the counts.

Everything that may take a trip to the database is asked first; what is counted comes last and
at one moment, so that two calls do not both take the last channel.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from uuid import UUID

from opentact.accounts.accounts import Account
from opentact.billing.deck_book import DeckBook
from opentact.billing.deck_table import Destination
from opentact.kit.clock import Clock
from opentact.kit.money import ZERO
from opentact.voice.outbound_profiles import OutboundVoiceProfile

from .asks import OutboundAsk
from .counters import Channels, Pacer, Velocity
from .countries import country_of
from .facts import OutboundFacts
from .high_risk import high_risk_of
from .refusals import RuleObject
from .spending import Day, Spending

Holder = Callable[[int], Awaitable[UUID | None]]
"""Tell whose number this is; None if nobody here holds it."""
DeckOf = Callable[[int | None], Awaitable[int]]
"""Tell the rate deck of a SIP product; of None, that of the usual one."""
_NANP_DIGITS = 10


@dataclass(frozen=True, slots=True)
class Defaults:
    """What holds where neither a profile nor an account says otherwise. None is no limit."""

    countries: frozenset[str] = frozenset({"US", "CA"})
    channel_limit: int | None = None
    calls_per_second: int | None = None
    user_calls_per_minute: int | None = 60


@dataclass
class Counts:
    """What this node counts."""

    channels: Channels = field(default_factory=Channels)
    pacer: Pacer = field(default_factory=Pacer)
    velocity: Velocity = field(default_factory=Velocity)


@dataclass(slots=True)
class Gathered:
    """One call's facts, with what they came from. `day` is there if the day has a limit."""

    facts: OutboundFacts
    profile: OutboundVoiceProfile
    destination: Destination | None
    day: Day | None


class Gatherer:
    """Gathers facts on one node."""

    def __init__(
        self,
        decks: DeckBook,
        deck_of: DeckOf,
        holder: Holder,
        counts: Counts,
        spending: Spending,
        clock: Clock,
        seconds: Callable[[], float],
        defaults: Defaults,
    ) -> None:
        """`seconds` never go back."""
        self._decks = decks
        self._deck_of = deck_of
        self._holder = holder
        self._counts = counts
        self._spending = spending
        self._clock = clock
        self._seconds = seconds
        self._defaults = defaults

    async def gather(self, ask: OutboundAsk, profile: OutboundVoiceProfile) -> Gathered:
        """Gather what the rules look at; raises what the database said."""
        digits = digits_of(ask.to_e164)
        deck = await self._decks.get(await self._deck_of(profile.product_id))
        destination = deck.find(digits, self._clock.now())
        account = ask.account
        facts = OutboundFacts(
            account_object(account),
            RuleObject("outbound_voice_profile", profile.uuid, profile.name),
            digits,
            profile.is_active,
            country_of(digits),
            self._countries(profile, account),
            high_risk_of(digits),
            tuple(profile.open_prefixes or ()),
            ask.caller_id,
            await self._is_own(ask),
            deck.name,
            destination.rate if destination else None,
            profile.max_rate,
            profile.channel_limit,
            account_channel_limit=self.account_channels(account),
            daily_spend_limit=profile.daily_spend_limit,
            user=RuleObject("sip_user", ask.user) if ask.user else None,
            user_limit=_or(profile.user_calls_per_minute, self._defaults.user_calls_per_minute),
        )
        day = None
        if profile.daily_spend_limit is not None:
            day = await self._spending.day(profile.uuid, account.uuid, account.time_zone)
        gathered = Gathered(facts, profile, destination, day)
        self.count(gathered, ask)
        return gathered

    def count(self, gathered: Gathered, ask: OutboundAsk) -> None:
        """Write down what the counts are at this moment."""
        facts, counts = gathered.facts, self._counts
        facts.channels = counts.channels.of(gathered.profile.uuid)
        facts.account_channels = counts.channels.of(ask.account.uuid)
        facts.spent = gathered.day.present if gathered.day else ZERO
        if ask.user is not None:
            facts.user_calls = counts.velocity.of(ask.user, self._seconds())

    def account_channels(self, account: Account) -> int | None:
        """Tell how many calls the account may have at once."""
        return _or(account.channel_limit, self._defaults.channel_limit)

    def pace_of(self, account: Account) -> int | None:
        """Tell how many calls a second the account may begin."""
        return _or(account.calls_per_second, self._defaults.calls_per_second)

    def _countries(self, profile: OutboundVoiceProfile, account: Account) -> frozenset[str]:
        for chosen in (profile.countries, account.countries):
            if chosen is not None:
                return frozenset(chosen)
        return self._defaults.countries

    async def _is_own(self, ask: OutboundAsk) -> bool:
        if ask.caller_is_own:
            return True
        digits = digits_of(ask.caller_id)
        return digits.isdecimal() and await self._holder(int(digits)) == ask.account.uuid


def account_object(account: Account) -> RuleObject:
    """Name the account, as a refusal does."""
    return RuleObject("account", account.uuid, account.name)


def digits_of(number: str) -> str:
    """Write a dialled number as E.164 digits; ten digits are of North America."""
    digits = number.lstrip("+")
    plain = len(digits) == _NANP_DIGITS and number[:1] != "+" and digits[0] not in "01"
    return f"1{digits}" if plain else digits


def _or(own: int | None, usual: int | None) -> int | None:
    return usual if own is None else own
