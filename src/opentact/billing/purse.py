"""What a node holds of an account's balance for its calls, and how much of it they use.

A purse is only memory: the hold in the database is never less than what it says (decision 0083),
so that what is taken out of it needs no trip to the database.
"""

from dataclasses import dataclass
from decimal import Decimal

from opentact.kit.money import ZERO

SPARE_SHARE = 4  # of what is left free no more than this part is held in advance
FEW = 8  # calls; below that nothing is held in advance of being asked for


@dataclass(slots=True)
class Purse:
    """`held` dollars, of which `used` are reserved by live calls, `calls` in number."""

    held: Decimal = ZERO
    used: Decimal = ZERO
    calls: int = 0

    @property
    def slack(self) -> Decimal:
        """What another call may take at once."""
        return self.held - self.used

    @property
    def is_idle(self) -> bool:
        """Whether no call uses anything of it."""
        return self.calls == 0

    def take(self, amount: Decimal) -> bool:
        """Reserve the amount, if it is here."""
        if amount > self.slack:
            return False
        self.used += amount
        return True

    def give_back(self, amount: Decimal) -> None:
        """Undo `take`."""
        self.used -= amount

    def paid(self, reserved: Decimal, price: Decimal) -> None:
        """Let a call go that paid `price`, charged in the unit of work that shrank the hold."""
        self.used -= reserved
        self.held -= price

    @property
    def runs_low(self) -> bool:
        """Whether it is time to hold more, before somebody has to wait for it."""
        return self.calls >= FEW and self.slack * SPARE_SHARE < self.used

    def wish(self, asked: Decimal, free: Decimal) -> Decimal:
        """Tell how much to hold more for `asked` dollars, when `free` are left to be held.

        As much again as is used is held in advance, but little of what is left: an order or
        another node must not be refused for what nobody uses.
        """
        needed = max(ZERO, asked - self.slack)
        spare = max(ZERO, free - needed) / SPARE_SHARE
        ahead = self.used + asked if self.calls >= FEW else ZERO
        return needed + min(ahead, spare)
