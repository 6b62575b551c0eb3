"""What a call costs: a price a minute, counted in increments (spec/11 D-31)."""

from dataclasses import dataclass
from decimal import Decimal

from opentact.kit.money import ZERO, dollars

MINUTE_S = 60


@dataclass(frozen=True, slots=True)
class Rate:
    """`per_minute` dollars, the first `initial` seconds whole, then steps of `increment`.

    `connect_fee` is paid once by every call that is answered.
    """

    per_minute: Decimal
    initial: int = MINUTE_S
    increment: int = MINUTE_S
    connect_fee: Decimal = ZERO

    @property
    def is_free(self) -> bool:
        """Whether no call at this rate costs anything."""
        return self.per_minute <= ZERO and self.connect_fee <= ZERO

    def billed_seconds(self, seconds: int) -> int:
        """Round talk time up to what is charged. A call that was answered is never free."""
        if seconds <= self.initial:
            return self.initial
        steps = -(-(seconds - self.initial) // self.increment)
        return self.initial + steps * self.increment

    def charge(self, seconds: int) -> Decimal:
        """Price an answered call of so many seconds, rounded half up to five decimals."""
        talked = self.per_minute * self.billed_seconds(seconds) / MINUTE_S
        return dollars(self.connect_fee + talked)

    def affordable_seconds(self, balance: Decimal) -> int | None:
        """Tell how long a call the balance pays for; None if there is no end to it."""
        first = self.charge(0)
        if first > ZERO and balance < first:
            return 0
        if self.per_minute <= ZERO:
            return None
        step = self.per_minute * self.increment / MINUTE_S
        return max(0, self.initial + int((balance - first) // step) * self.increment)
