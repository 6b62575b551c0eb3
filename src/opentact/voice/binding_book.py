"""The way of bindings into the database: what many phones do in a moment is one write.

Several changes of one binding become one; a phone is told that it is registered when that is
stored. Users who come online or go offline are told of in the same transaction.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol
from uuid import UUID

import structlog
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from opentact.accounts.accounts import Account
from opentact.events.log import EventLog
from opentact.kit.clock import Clock

from .bindings import store_bindings
from .domains import SipDomain
from .sip.registrar import Binding
from .sip_users import SipUser

Keyed = tuple[UUID, str]
Done = Callable[[bool], None]
"""Told whether what was noted before is stored."""

MOST_IN = 500  # values in one statement's list
# What a transaction costs is shared by all that come meanwhile: ten phones in one take a tenth
# of the time of ten, and no phone minds to wait for its 200 that long.
LINGER_S = 0.04
PAUSE_S = 1.0  # until a write that failed is tried again
log = structlog.get_logger(__name__)


class Journal(Protocol):
    """Where grouped writes go (adapters/storage/journal.py)."""

    def later(self, work: Callable[[AsyncSession], Awaitable[None]]) -> Awaitable[None]:
        """Queue the work; the awaitable is done once it is stored."""


@dataclass(frozen=True, slots=True)
class UserStateChanged:
    """A SIP user can be reached from now on, or no more."""

    account: Account
    domain: SipDomain
    user: SipUser
    online: bool


@dataclass(slots=True)
class _Page:
    """What waits to be written together. A user's state is the last one told."""

    bindings: dict[Keyed, Binding | None] = field(default_factory=dict)
    states: dict[UUID, bool] = field(default_factory=dict)
    waiting: list[Done] = field(default_factory=list)


class BindingBook:
    """Writes what the registrar of `node` notes."""

    def __init__(self, journal: Journal, events: EventLog, clock: Clock, node: str) -> None:
        self._journal = journal
        self._events = events
        self._clock = clock
        self._node = node
        self._page = _Page()
        self._task: asyncio.Task[None] | None = None

    def note(self, user: UUID, changed: dict[str, Binding | None], *, online: bool | None) -> None:
        """Note a user's changed bindings by their keys; `online` when that is new."""
        for key, binding in changed.items():
            self._page.bindings[user, key] = binding
        if online is not None:
            self._page.states[user] = online
        self._go()

    def when_stored(self, done: Done) -> None:
        """Call `done` once all that was noted is stored, or could not be."""
        self._page.waiting.append(done)
        self._go()

    async def settled(self) -> None:
        """Wait until nothing is left to be written."""
        while self._task is not None:
            await asyncio.shield(self._task)

    async def close(self, patience: float = 5.0) -> None:
        """Write what is left, within some seconds."""
        task = self._task
        if task is not None:
            await asyncio.wait([task], timeout=patience)
            task.cancel()

    def _go(self) -> None:
        if self._task is None:
            self._task = asyncio.create_task(self._write_all(), name="bindings")

    async def _write_all(self) -> None:
        try:
            while self._page.bindings or self._page.states or self._page.waiting:
                await asyncio.sleep(LINGER_S)
                page, self._page = self._page, _Page()
                if not await self._write(page):
                    self._take_back(page)
                    await asyncio.sleep(PAUSE_S)
        finally:
            self._task = None

    async def _write(self, page: _Page) -> bool:
        async def store(session: AsyncSession) -> None:
            await self._store(session, page)

        try:
            await self._journal.later(store)
        except Exception:
            log.exception("x bindings: not stored", bindings=len(page.bindings))
            stored = False
        else:
            stored = True
        for done in page.waiting:
            done(stored)
        return stored

    def _take_back(self, page: _Page) -> None:
        """Keep what was not stored, to be tried again with what has come since."""
        self._page.bindings = page.bindings | self._page.bindings
        self._page.states = page.states | self._page.states

    async def _store(self, session: AsyncSession, page: _Page) -> None:
        # A user may have been removed meanwhile, and a row of nobody's would refuse all others.
        there = await _there(session, {user for user, _ in page.bindings})
        alive = [(keyed, each) for keyed, each in page.bindings.items() if keyed[0] in there]
        await store_bindings(session, self._node, alive)
        if page.states:
            await self._tell(session, page.states)

    async def _tell(self, session: AsyncSession, states: dict[UUID, bool]) -> None:
        now = self._clock.now()
        by_account: dict[UUID, list[UserStateChanged]] = {}
        for account, domain, user in await _cards(session, list(states)):
            changed = UserStateChanged(account, domain, user, states[user.uuid])
            by_account.setdefault(account.uuid, []).append(changed)
        for account_uuid, happened in by_account.items():
            await self._events.append(session, account_uuid, *happened, now=now)


async def _there(session: AsyncSession, users: set[UUID]) -> set[UUID]:
    found: set[UUID] = set()
    for part in parts(list(users)):
        found |= set(await session.scalars(select(SipUser.uuid).where(SipUser.uuid.in_(part))))
    return found


async def _cards(
    session: AsyncSession, users: Sequence[UUID]
) -> list[tuple[Account, SipDomain, SipUser]]:
    cards: list[tuple[Account, SipDomain, SipUser]] = []
    for part in parts(users):
        query = (
            select(Account, SipDomain, SipUser)
            .join(SipDomain, SipDomain.uuid == SipUser.sip_domain_uuid)
            .join(Account, Account.uuid == SipUser.account_uuid)
            .where(SipUser.uuid.in_(part))
        )
        cards += [(row[0], row[1], row[2]) for row in await session.execute(query)]
    return cards


def parts(values: Sequence[UUID]) -> list[Sequence[UUID]]:
    """Cut into pieces that fit one statement each."""
    return [values[at : at + MOST_IN] for at in range(0, len(values), MOST_IN)]
