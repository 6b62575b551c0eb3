"""Who may be called: from the dialled number to its lease, its account and its app, or a refusal.

One read of the database decides, about many calls at once. What is refused names the rule, so
that nobody has to guess (spec/11 D-24, D-31).
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Row, bindparam, exists, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from opentact.accounts.accounts import Account
from opentact.billing.rating import Rate
from opentact.numbers.features import Feature
from opentact.numbers.inventory import Tn
from opentact.numbers.leases import HELD, Lease, Subscription
from opentact.numbers.profiles import TnProfile

from . import causes
from .apps import SipControlApp, StaticCallFlow
from .call_rates import CallRates
from .causes import Cause
from .connections import SipConnection
from .fact_rows import connection_facts, owners_of
from .facts import ConnectionFacts, UserFacts

NANP_DIGITS = 10
_NUMBER = re.compile(r"\+?[0-9]{3,15}")

_VOICE = exists().where(
    Subscription.lease_uuid == Lease.uuid,
    Subscription.type == Feature.VOICE.value,
    Subscription.ended_on.is_(None),
)
_WHO = (
    select(
        Lease, Account, SipControlApp, Tn.profile, _VOICE.label("voice"), SipConnection, TnProfile
    )
    .join(Account, Account.uuid == Lease.account_uuid)
    .outerjoin(SipControlApp, SipControlApp.uuid == Lease.sip_control_app_uuid)
    .outerjoin(SipConnection, SipConnection.uuid == Lease.sip_connection_uuid)
    .outerjoin(Tn, Tn.tn == Lease.tn)
    .outerjoin(TnProfile, TnProfile.uuid == Lease.tn_profile_uuid)
    .where(Lease.tn.in_(bindparam("numbers", expanding=True)), HELD)
)
_NEWEST = (
    select(StaticCallFlow.sip_control_app_uuid, func.max(StaticCallFlow.version).label("version"))
    .where(StaticCallFlow.sip_control_app_uuid.in_(bindparam("apps", expanding=True)))
    .group_by(StaticCallFlow.sip_control_app_uuid)
    .subquery()
)
_FLOWS = select(
    StaticCallFlow.sip_control_app_uuid, StaticCallFlow.document, StaticCallFlow.removed_on
).join(
    _NEWEST,
    (_NEWEST.c.sip_control_app_uuid == StaticCallFlow.sip_control_app_uuid)
    & (_NEWEST.c.version == StaticCallFlow.version),
)


@dataclass(frozen=True, slots=True)
class Admitted:
    """The call is taken. Without a lease it came by the name of a SIP domain."""

    account: Account
    lease: UUID | None
    app: SipControlApp
    static: bytes | None
    rate: Rate
    screening: TnProfile | None = None


@dataclass(frozen=True, slots=True)
class Delivered:
    """The call is to be delivered to a connection, or to the SIP user who owns the number.

    `domain` is the name of the user's domain.
    """

    account: Account
    lease: UUID
    to: ConnectionFacts | UserFacts
    rate: Rate
    domain: str = ""
    screening: TnProfile | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """The call is not taken. Without an account, nobody is told but the caller."""

    cause: Cause
    account: Account | None = None
    lease: UUID | None = None
    app: SipControlApp | None = None


Verdict = Admitted | Delivered | Refused
Found = Row[Lease, Account, SipControlApp, str, bool, SipConnection, TnProfile]
"""A number that is held: its lease, account, app (or None), price list, whether voice is on, its
connection (or None), and whom it lets call (or None)."""


def dialled_number(called: str) -> int | None:
    """Read the user part of a Request-URI as a number; ten digits are of North America."""
    user = called.split(";", 1)[0]
    if not _NUMBER.fullmatch(user):
        return None
    digits = user.lstrip("+")
    return int(f"1{digits}" if len(digits) == NANP_DIGITS and user[0] != "+" else digits)


async def admit_all(
    session: AsyncSession, numbers: Iterable[int], rates: CallRates, now: datetime
) -> dict[int, Verdict]:
    """Decide about each number; one that nobody holds is missing from the answer."""
    rows = (await session.execute(_WHO, {"numbers": sorted(numbers)})).all()
    if not rows:
        return {}
    apps = {row[2].uuid for row in rows if row[2] is not None}
    flows = await flows_of(session, apps)
    free = {row[0].uuid for row in rows if row[2] is None and row[5] is None}
    owners = await owners_of(session, free)
    keys = {row[0].tn: (row[0].account_uuid, row[3] or "") for row in rows}
    found = await rates.of(session, keys.values(), now)
    return {row[0].tn: _verdict(row, flows, owners, found[keys[row[0].tn]], now) for row in rows}


def _verdict(
    row: Found,
    flows: Mapping[UUID, bytes],
    owners: Mapping[UUID, tuple[UserFacts, str]],
    rate: Rate,
    now: datetime,
) -> Verdict:
    lease, account, app, _, voice, connection, screening = row
    owner = owners.get(lease.uuid)
    refused: Cause | None = None
    if lease.expired_on <= now:
        refused = causes.LEASE_EXPIRED
    elif not account.is_open:
        refused = causes.ACCOUNT_DISABLED
    elif not voice:
        refused = causes.VOICE_OFF
    else:
        refused = _closed(app, connection, owner)
    if refused is None and rate.affordable_seconds(account.balance) == 0:
        refused = causes.BALANCE_EMPTY
    if refused is not None:
        return Refused(refused, account, lease.uuid, app)
    if app is not None:
        return Admitted(account, lease.uuid, app, flows.get(app.uuid), rate, screening)
    if connection is not None:
        to = connection_facts(connection)
        return Delivered(account, lease.uuid, to, rate, screening=screening)
    if owner is not None:
        return Delivered(account, lease.uuid, owner[0], rate, owner[1], screening)
    return Refused(causes.NO_DESTINATION, account, lease.uuid)


def _closed(
    app: SipControlApp | None,
    connection: SipConnection | None,
    owner: tuple[UserFacts, str] | None,
) -> Cause | None:
    """Say why what the number points at takes no calls."""
    if app is not None:
        return None if app.is_active else causes.APP_INACTIVE
    if connection is not None:
        return None if connection.is_active else causes.CONNECTION_INACTIVE
    if owner is not None:
        return None if owner[0].is_active else causes.USER_INACTIVE
    return causes.NO_DESTINATION


async def flows_of(session: AsyncSession, apps: set[UUID]) -> dict[UUID, bytes]:
    """Read the static flows that these apps have now."""
    if not apps:
        return {}
    rows = await session.execute(_FLOWS, {"apps": list(apps)})
    return {app: document for app, document, removed_on in rows if removed_on is None}
