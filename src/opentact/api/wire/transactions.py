"""Ledger entries as the wire spells them (spec/12, ITransaction)."""

from decimal import Decimal
from typing import Any, NotRequired

from typing_extensions import TypedDict

from opentact.accounts.accounts import Account
from opentact.billing.ledger import RefType, Transaction
from opentact.kit.clock import stamp

from .accounts import account_short


class TransactionOut(TypedDict):
    """One entry; `amount` is negative for what the account paid."""

    uuid: str
    created_on: str
    modified_on: str
    account: dict[str, Any]
    amount: float
    account_balance_before: float
    account_balance_after: float
    ref_type: str
    ref_uuid: str | None
    description: str | None
    ref_object: NotRequired[dict[str, Any] | None]


class InvoiceLineOut(TypedDict):
    """What was paid for one kind of thing."""

    ref_type: str
    amount: float


def invoice_line_out(kind: RefType, amount: Decimal) -> InvoiceLineOut:
    """Write a line of an invoice."""
    return {"ref_type": kind.value, "amount": float(amount)}


def transaction_out(entry: Transaction, account: Account) -> TransactionOut:
    """Write an entry."""
    return {
        "uuid": str(entry.uuid),
        "created_on": stamp(entry.created_on),
        "modified_on": stamp(entry.modified_on),
        "account": {**account_short(account)},
        "amount": float(entry.amount),
        "account_balance_before": float(entry.account_balance_before),
        "account_balance_after": float(entry.account_balance_after),
        "ref_type": entry.ref_type.value,
        "ref_uuid": str(entry.ref_uuid) if entry.ref_uuid else None,
        "description": entry.description,
    }
