"""Events as the wire spells them: the same JSON for websocket, webhook and log (spec/08).

The envelope is the one of 2024, with `timestamp` so that readers of 2022 work too (spec/11 E4,
E5). Each domain event registers its own spelling with `render.register` in this package; one
without a spelling fails when it is written, and its golden file in docs/events is its test.
"""

from datetime import datetime
from functools import singledispatch
from typing import Any
from uuid import UUID

from opentact.accounts.accounts import Account
from opentact.billing.ledger import BalanceChanged
from opentact.events.log import Draft
from opentact.kit.clock import stamp

from .accounts import AccountOut, account_short


@singledispatch
def render(happened: object, uuid: UUID, at: datetime) -> Draft:
    """Spell what happened as the event `uuid` at the moment `at`."""
    del uuid, at
    raise NotImplementedError(f"no wire form for {type(happened).__name__}")


def frame(
    type_: str,
    uuid: UUID,
    at: datetime,
    message: str,
    payload: object,
    account: Account | AccountOut,
    *,
    ref_id: UUID | None = None,
    **more: object,
) -> Draft:
    """Put a payload into the envelope; `more` are further members (call, seq, success …).

    `account` is spelt here, if it is not already.
    """
    moment = stamp(at)
    content: dict[str, Any] = {
        "uuid": str(uuid),
        "created_on": moment,
        "modified_on": moment,
        "timestamp": moment,
        "type": type_,
        "message": message,
        "payload": payload,
        "ref_id": str(ref_id) if ref_id else None,
        "account": account if isinstance(account, dict) else account_short(account),
        "delivery_report": [],
        **more,
    }
    return Draft(type_, ref_id, content)


@render.register
def _(happened: BalanceChanged, uuid: UUID, at: datetime) -> Draft:
    balance = float(happened.balance)
    return frame(
        "balance",
        uuid,
        at,
        f"New balance is {balance}",
        balance,
        happened.account,
        source_action=happened.source_action,
    )
