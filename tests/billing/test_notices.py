from datetime import UTC, datetime
from decimal import Decimal

import pytest

from opentact.accounts.accounts import Account
from opentact.billing.notices import balance_notices

NOON = datetime(2024, 1, 16, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("wants", "threshold", "balance", "told"),
    [
        (True, None, "5", True),
        (False, None, "5", False),
        (True, "5", "5.00001", False),
        (True, "5", "5", True),
        (True, "5", "-1", True),
        (False, "5", "1", False),
    ],
)
def test_an_account_hears_of_its_balance_as_it_asked(
    *, wants: bool, threshold: str | None, balance: str, told: bool
) -> None:
    account = Account(
        name="a",
        email="a@example.com",
        created_on=NOON,
        modified_on=NOON,
        balance_changed=wants,
        balance_threshold=None if threshold is None else Decimal(threshold),
    )
    notices = balance_notices(account, Decimal(balance), "voice_charge_in")
    assert [(one.balance, one.source_action) for one in notices] == (
        [(Decimal(balance), "voice_charge_in")] if told else []
    )
