"""How entries of the ledger are spelt."""

from decimal import Decimal
from typing import Any

import pytest

from opentact.api.wire.accounts import account_short
from opentact.api.wire.transactions import TransactionOut, transaction_out
from opentact.billing.ledger import RefType, Transaction
from support.samples import ACCOUNT, AT, LEASE, uuid
from support.shapes import members, tells_a_secret


def entry(**more: Any) -> Transaction:
    known: dict[str, Any] = {
        "uuid": uuid(60),
        "created_on": AT,
        "modified_on": AT,
        "account_uuid": ACCOUNT.uuid,
        "amount": Decimal("-0.00850"),
        "account_balance_before": Decimal("1.00000"),
        "account_balance_after": Decimal("0.99150"),
        "ref_type": RefType.VOICE_INCOMING,
        "ref_uuid": LEASE,
        "description": "12015550100",
    }
    return Transaction(**{**known, **more})


def test_an_entry_says_what_was_paid_by_whom_and_for_what() -> None:
    written = transaction_out(entry(), ACCOUNT)
    assert written == {
        "uuid": str(uuid(60)),
        "created_on": "2024-02-20T16:41:44.795Z",
        "modified_on": "2024-02-20T16:41:44.795Z",
        "account": account_short(ACCOUNT),
        "amount": -0.0085,
        "account_balance_before": 1.0,
        "account_balance_after": 0.9915,
        "ref_type": "voice_incoming",
        "ref_uuid": str(LEASE),
        "description": "12015550100",
    }
    assert set(written) == members(TransactionOut) - {"ref_object"}
    assert tells_a_secret(written) == []


def test_a_payment_is_about_nothing_else() -> None:
    written = transaction_out(entry(ref_uuid=None, description=None), ACCOUNT)
    assert (written["ref_uuid"], written["description"]) == (None, None)


@pytest.mark.parametrize("kind", RefType)
def test_every_kind_of_entry_can_be_written(kind: RefType) -> None:
    assert transaction_out(entry(ref_type=kind), ACCOUNT)["ref_type"] == kind.value
