"""Who may be called: from the dialled number to its lease, its account and its app, or a refusal.

One read of the database decides. What is refused names the rule, so that nobody has to guess
(spec/11 D-24, D-31).
"""

import re
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from opentact.accounts.accounts import Account, get_account
from opentact.billing.rating import Rate
from opentact.kit.money import ZERO
from opentact.numbers.inventory import Tn
from opentact.numbers.leases import Lease, active_lease
from opentact.numbers.profiles import price_lists

from . import causes
from .apps import SipControlApp, current_flow, get_app_for_call
from .causes import Cause

NANP_DIGITS = 10
_NUMBER = re.compile(r"\+?[0-9]{3,15}")


@dataclass(frozen=True, slots=True)
class Admitted:
    """The call is taken."""

    account: Account
    lease: UUID
    app: SipControlApp
    static: bytes | None
    rate: Rate


@dataclass(frozen=True, slots=True)
class Refused:
    """The call is not taken. Without an account, nobody is told but the caller."""

    cause: Cause
    account: Account | None = None
    lease: UUID | None = None
    app: SipControlApp | None = None


def dialled_number(called: str) -> int | None:
    """Read the user part of a Request-URI as a number; ten digits are of North America."""
    user = called.split(";", 1)[0]
    if not _NUMBER.fullmatch(user):
        return None
    digits = user.lstrip("+")
    return int(f"1{digits}" if len(digits) == NANP_DIGITS and user[0] != "+" else digits)


async def admit(  # noqa: PLR0911 - one line for each rule
    session: AsyncSession, called: str, caller: str, now: datetime
) -> Admitted | Refused:
    """Decide about a call to `called` from `caller`."""
    del caller  # screening lists come with the rules of trunks
    number = dialled_number(called)
    lease = None if number is None else await active_lease(session, number)
    if lease is None:
        return Refused(causes.NOT_LEASED)
    account = await get_account(session, lease.account_uuid)
    if lease.expired_on <= now:
        return Refused(causes.LEASE_EXPIRED, account, lease.uuid)
    if not account.is_open:
        return Refused(causes.ACCOUNT_DISABLED, account, lease.uuid)
    app = None
    if lease.sip_control_app_uuid is not None:
        app = await get_app_for_call(session, lease.sip_control_app_uuid)
    if app is None:
        return Refused(causes.NO_DESTINATION, account, lease.uuid)
    if not app.is_active:
        return Refused(causes.APP_INACTIVE, account, lease.uuid, app)
    rate = await incoming_rate(session, lease, now)
    if rate.affordable_seconds(account.balance) == 0:
        return Refused(causes.BALANCE_EMPTY, account, lease.uuid, app)
    return Admitted(account, lease.uuid, app, await current_flow(session, app.uuid), rate)


async def incoming_rate(session: AsyncSession, lease: Lease, now: datetime) -> Rate:
    """Find what a minute of an inbound call to the number costs its account."""
    name = await session.scalar(select(Tn.profile).where(Tn.tn == lease.tn))
    lists = await price_lists(session, lease.account_uuid, [name or ""], now=now)
    prices = lists.get(name or "")
    return Rate(prices.voice_incoming_per_min_cost if prices else ZERO)
