"""A purse never gives out more than it holds, and never loses any of it."""

from decimal import Decimal

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from opentact.billing.purse import SPARE_SHARE, Purse

AMOUNTS = st.decimals(Decimal("0.00001"), Decimal(10), places=5)


class Calls(RuleBasedStateMachine):
    """Calls that reserve, extend, pay and go, of an account with a balance of 20 dollars."""

    def __init__(self) -> None:
        super().__init__()
        self.purse = Purse()
        self.balance = Decimal(20)
        self.reserved: list[Decimal] = []

    @rule(amount=AMOUNTS)
    def reserve(self, amount: Decimal) -> None:
        if not self.purse.take(amount):
            free = self.balance - self.purse.held
            wish = self.purse.wish(amount, free)
            assert wish >= amount - self.purse.slack
            self.purse.held += max(Decimal(0), min(wish, free))
            if not self.purse.take(amount):
                assert amount > free + 0  # refused only when it is not there
                return
        self.purse.calls += 1
        self.reserved.append(amount)

    @precondition(lambda self: self.reserved)
    @rule(data=st.data(), share=st.integers(0, 100))
    def end(self, data: st.DataObject, share: int) -> None:
        amount = self.reserved.pop(data.draw(st.integers(0, len(self.reserved) - 1)))
        price = (amount * share / 100).quantize(Decimal("0.00001"))
        price = min(price, amount)
        self.balance -= price
        self.purse.paid(amount, price)
        self.purse.calls -= 1

    @invariant()
    def nothing_is_given_out_twice(self) -> None:
        assert self.purse.used == sum(self.reserved, Decimal(0))
        assert 0 <= self.purse.used <= self.purse.held <= self.balance

    @invariant()
    def an_idle_purse_uses_nothing(self) -> None:
        assert not self.purse.is_idle or self.purse.used == 0


TestCalls = Calls.TestCase
TestCalls.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)


def test_little_of_what_is_left_is_held_in_advance() -> None:
    purse = Purse(held=Decimal(100), used=Decimal(100), calls=100)
    assert purse.wish(Decimal(1), Decimal(9)) == Decimal(1) + Decimal(8) / SPARE_SHARE
    assert purse.wish(Decimal(1), Decimal(1_000_000)) == Decimal(1) + Decimal(101)


def test_an_account_of_few_calls_holds_no_more_than_they_asked_for() -> None:
    assert Purse(calls=1).wish(Decimal(1), Decimal(1_000)) == 1
