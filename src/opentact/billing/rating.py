"""What a call costs: a price a minute, counted in increments (spec/11 D-31)."""

from dataclasses import dataclass
from decimal import Decimal

from opentact.kit.money import ZERO, dollars

MINUTE_S = 60


@dataclass(frozen=True, slots=True)
class Rate:
    """`per_minute` dollars, the first `initial` seconds whole, then steps of `increment`."""

    per_minute: Decimal
    initial: int = MINUTE_S
    increment: int = MINUTE_S

    def billed_seconds(self, seconds: int) -> int:
        """Round talk time up to what is charged. A call that was answered is never free."""
        if seconds <= self.initial:
            return self.initial
        steps = -(-(seconds - self.initial) // self.increment)
        return self.initial + steps * self.increment

    def charge(self, seconds: int) -> Decimal:
        """Price an answered call of so many seconds, rounded half up to five decimals."""
        return dollars(self.per_minute * self.billed_seconds(seconds) / MINUTE_S)

    def affordable_seconds(self, balance: Decimal) -> int | None:
        """Tell how long a call the balance pays for; None if the call costs nothing."""
        if self.per_minute <= ZERO:
            return None
        first = self.charge(0)
        if balance < first:
            return 0
        step = self.per_minute * self.increment / MINUTE_S
        return self.initial + int((balance - first) // step) * self.increment
