"""Balance notices: told to the accounts that want them, and only then (spec/11 D-22)."""

from decimal import Decimal

from opentact.accounts.accounts import Account

from .ledger import BalanceChanged


def balance_notices(
    account: Account, balance: Decimal, source_action: str
) -> tuple[BalanceChanged, ...]:
    """Make the notice that the balance is now `balance`, if the account wants it: one or none.

    With a threshold, notices come while the balance is at or below it. `account` is loaded in
    the same unit of work as the charge; spread the result into `EventLog.append`.
    """
    if not account.balance_changed:
        return ()
    if account.balance_threshold is not None and balance > account.balance_threshold:
        return ()
    return (BalanceChanged(account, balance, source_action),)
