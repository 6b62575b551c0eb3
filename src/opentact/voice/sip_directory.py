"""Who is who at the SIP edge: domains and their users by name, from memory where that is fresh.

A REGISTER or an INVITE names a domain and a login. What was read is kept for some seconds, also
that there is nobody, and forgotten as soon as it is changed; those who ask for what must be read
wait for one read together. The number of all of this has a limit, as anybody can ask.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from uuid import UUID

import structlog
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from opentact.accounts.accounts import Account
from opentact.kit.quick import quick
from opentact.kit.units import Storage

from .domains import SipDomain
from .sip.digest import Ha1s
from .sip_users import SipUser

# Changes are told at once; this is for what nobody tells: an account that was closed.
FRESH_S = 5.0
MAX_KEPT = 20_000  # some hundred bytes each
MAX_WAITING = 10_000
# Registering phones wait for each other, as a read costs the same for one as for fifty.
LINGER_S = 0.04
MOST_NAME = 253  # RFC 1035
MOST_LOGIN = 200  # more than any login has, with a domain behind it
MOST_AT_ONCE = 100  # names in one read: bounds how long the first of them waits
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class KnownDomain:
    """A SIP domain of an open account, with where it leads."""

    uuid: UUID
    account: UUID
    name: str
    sip_connection: UUID | None = None
    sip_control_app: UUID | None = None
    outbound_voice_profile: UUID | None = None


@dataclass(frozen=True, slots=True)
class KnownUser:
    """An active SIP user of an open account."""

    uuid: UUID
    domain: KnownDomain
    login: str
    ha1s: Ha1s
    same_domain_calls_only: bool = False
    tn_lease: UUID | None = None
    name: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """What the names stand for: None where there is nobody, or nobody was asked for."""

    domain: KnownDomain | None
    user: KnownUser | None = None


Key = tuple[str, str | None]
Then = Callable[[Found | None], None]
"""Told what was found; None: the database cannot be asked now."""


class SipDirectory:
    """Answers from memory or by grouped reads. `now` tells seconds."""

    def __init__(self, storage: Storage, now: Callable[[], float]) -> None:
        self._storage = storage
        self._now = now
        self._kept: OrderedDict[Key, tuple[float, Found]] = OrderedDict()
        self._waiting: dict[Key, list[Then]] = {}
        self._task: asyncio.Task[None] | None = None
        self._changes = 0
        self._hurry = asyncio.Event()

    def find(self, domain: str, login: str | None, then: Then, *, hurry: bool = True) -> None:
        """Find a domain by its name, and a user of it by its login; `then` may be told at once.

        Who is in no `hurry` waits a moment for others to share the read with.
        """
        if hurry and self._task is not None:
            self._hurry.set()
        if len(domain) > MOST_NAME:
            then(Found(None))
            return
        # What is cut off is nobody's: no login is that long.
        key = (domain, None if login is None else login[:MOST_LOGIN].lower())
        kept = self._kept.get(key)
        if kept is not None and 0 <= self._now() - kept[0] < FRESH_S:
            then(kept[1])
        elif key in self._waiting:
            self._waiting[key].append(then)
        elif len(self._waiting) >= MAX_WAITING:
            then(None)
        else:
            self._waiting[key] = [then]
            if self._task is None:
                if hurry:
                    self._hurry.set()
                self._task = asyncio.create_task(self._read_all(), name="sip-directory")

    async def of(self, domain: str, login: str | None) -> Found | None:
        """Find them, waiting for it."""
        answer: asyncio.Future[Found | None] = asyncio.get_running_loop().create_future()

        def tell(found: Found | None) -> None:
            if not answer.done():
                answer.set_result(found)

        self.find(domain, login, tell)
        return await answer

    def forget(self, domain: UUID | None) -> None:
        """Read anew: what belongs to the domain, or everything."""
        del domain  # it may be one that nobody has heard of yet, and its name is not told
        self._changes += 1
        self._kept.clear()

    def __len__(self) -> int:
        """Count the names that are kept."""
        return len(self._kept)

    async def close(self) -> None:
        """Stop reading."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _read_all(self) -> None:
        try:
            while self._waiting:
                if len(self._waiting) < MOST_AT_ONCE:
                    await self._wait_for_others()
                await self._read(list(self._waiting)[:MOST_AT_ONCE])
        finally:
            self._task = None

    async def _wait_for_others(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(LINGER_S):
                await self._hurry.wait()
        self._hurry.clear()

    async def _read(self, keys: list[Key]) -> None:
        changes = self._changes
        answers: dict[Key, Found] = {}
        try:
            # A few rows by their keys: the trips to another thread would be most of the wait.
            with quick():
                async with self._storage.read() as session:
                    answers = await _look_up(session, keys)
        except Exception:
            log.exception("x sip directory: not read", names=len(keys))
        now = self._now()
        for key in keys:
            found = answers.get(key)
            if found is not None and changes == self._changes:
                self._keep(key, now, found)
            for then in self._waiting.pop(key):
                _tell(then, found)

    def _keep(self, key: Key, now: float, found: Found) -> None:
        self._kept[key] = (now, found)
        self._kept.move_to_end(key)
        if len(self._kept) > MAX_KEPT:
            self._kept.popitem(last=False)


def _tell(then: Then, found: Found | None) -> None:
    try:
        then(found)
    except Exception:  # one asker's fault must not keep the answer from the others
        log.exception("x sip directory: asker failed")


async def _look_up(session: AsyncSession, keys: list[Key]) -> dict[Key, Found]:
    domains = await _domains(session, {name for name, _ in keys})
    wanted: dict[str, set[str]] = {}
    for name, login in keys:
        if login is not None and name in domains:
            wanted.setdefault(name, set()).add(login)
    users: dict[Key, KnownUser] = {}
    for name, logins in wanted.items():
        users |= await _users(session, domains[name], logins)
    return {key: Found(domains.get(key[0]), users.get(key)) for key in keys}


async def _domains(session: AsyncSession, names: set[str]) -> dict[str, KnownDomain]:
    query = (
        select(
            SipDomain.uuid,
            SipDomain.account_uuid,
            SipDomain.domain,
            SipDomain.sip_connection_uuid,
            SipDomain.sip_control_app_uuid,
            SipDomain.outbound_voice_profile_uuid,
        )
        .join(Account, Account.uuid == SipDomain.account_uuid)
        .where(SipDomain.domain.in_(names))
        .where(Account.deleted_on.is_(None), Account.disabled_on.is_(None))
    )
    return {row.domain: KnownDomain(*row) for row in await session.execute(query)}


async def _users(
    session: AsyncSession, domain: KnownDomain, logins: set[str]
) -> dict[Key, KnownUser]:
    columns = (
        SipUser.uuid,
        SipUser.login,
        SipUser.login_key,
        SipUser.ha1,
        SipUser.ha1_sha256,
        SipUser.ha1b,
        SipUser.ha1b_sha256,
        SipUser.same_domain_calls_only,
        SipUser.tn_lease_uuid,
        SipUser.first_name,
        SipUser.last_name,
    )
    query = select(*columns).where(
        SipUser.sip_domain_uuid == domain.uuid,
        SipUser.login_key.in_(logins),
        SipUser.is_active.is_(True),
    )
    return {
        (domain.name, row.login_key): KnownUser(
            uuid=row.uuid,
            domain=domain,
            login=row.login,
            ha1s=Ha1s(row.ha1, row.ha1_sha256, row.ha1b, row.ha1b_sha256),
            same_domain_calls_only=row.same_domain_calls_only,
            tn_lease=row.tn_lease_uuid,
            name=" ".join(filter(None, (row.first_name, row.last_name))),
        )
        for row in await session.execute(query)
    }
