"""What waits to be written about calls: a page for each call, many pages to one commit.

Pages are stored together in a few statements. When the database refuses that, each page is
stored by itself: what cannot be written about one call must not cost the others their books.
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from itertools import chain
from typing import Any, cast
from uuid import UUID

import structlog
from sqlalchemy import Insert, Table, Update, bindparam, insert, select, update
from sqlalchemy.exc import PendingRollbackError
from sqlalchemy.ext.asyncio import AsyncSession

from opentact.accounts.accounts import get_account
from opentact.billing.ledger import Line, enter
from opentact.billing.notices import balance_notices
from opentact.events.log import Event, EventLog, Ready
from opentact.kit.entities import Base
from opentact.kit.units import on_commit, take_on_commit

from .call_events import CallCard
from .calls import Call
from .patience import is_away
from .settling import settle, settled, unsettled

Row = dict[str, Any]
Key = tuple[type[Base], UUID]
# A journal that is closed says so by a RuntimeError; its last pages are given up aloud.
PASSING = (OSError, PendingRollbackError, RuntimeError)
log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Page:
    """What is new about one call. `late` are events to be spelt once its charge is stored.

    Somebody waits for a page that is `hurried`; `done` is set once it is stored or given up.
    """

    card: CallCard
    inserts: dict[Key, Row] = field(default_factory=dict)
    updates: dict[Key, Row] = field(default_factory=dict)
    charges: list[Line] = field(default_factory=list)
    ready: list[Ready] = field(default_factory=list)
    late: list[object] = field(default_factory=list)
    hurried: bool = False
    done: "asyncio.Future[None]" = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )
    waiting: "list[asyncio.Future[None]]" = field(default_factory=list)

    async def wait(self) -> None:
        """Wait until it is done; who gives up waiting takes it from nobody else."""
        if not self.done.done():
            # What `asyncio.shield` does, by one turn of the loop less: calls wait here.
            waiter = asyncio.get_running_loop().create_future()
            self.waiting.append(waiter)
            await waiter

    def finish(self) -> None:
        """Let those who wait go on: it is stored or given up."""
        self.done.set_result(None)
        for waiter in self.waiting:
            if not waiter.done():
                waiter.set_result(None)

    def change(self, key: Key, values: Row) -> None:
        """Note changed members; those of a row that is not stored yet change the row."""
        fresh = self.inserts.get(key)
        row = self.updates.setdefault(key, {}) if fresh is None else fresh
        row.update(values)


class Writer:
    """Stores pages in the session of a commit."""

    def __init__(
        self,
        events: EventLog,
        now: Callable[[], datetime],
        changed: Callable[[UUID, Any], None],
    ) -> None:
        """`changed(account, balance)` is told of each charge."""
        self._events = events
        self._now = now
        self._changed = changed

    async def store(self, session: AsyncSession, pages: Collection[Page]) -> None:
        """Store all pages, or raise: the unit of work is to be given up then, as a whole."""
        await self._together(session, pages)

    async def store_each(self, session: AsyncSession, pages: Collection[Page]) -> None:
        """Store page by page; what was wrong with one is told by `lost` of its card.

        Raises when it is the database's fault: then all are to be tried again.
        """
        log.warning("call_pages_stored_singly", pages=len(pages))
        for page in pages:
            page.card.lost = None
            error = await self._attempt(session, page)
            if error is not None and will_pass(error):
                raise error
            if error is not None:
                page.card.lost = error
                unsettled([page])
                log.error("call_page_lost", call=str(page.card.call.uuid), error=repr(error))

    async def _attempt(self, session: AsyncSession, page: Page) -> Exception | None:
        """Store this page whole, or nothing of it; give what went wrong."""
        waiting = take_on_commit(session)
        try:
            async with session.begin_nested():
                await self._together(session, [page])
        except Exception as error:  # noqa: BLE001 - whatever it is, other calls go on
            take_on_commit(session)  # what was to be told is not stored
            return error
        else:
            waiting += take_on_commit(session)
            return None
        finally:
            for call in waiting:
                on_commit(session, call)

    async def _together(self, session: AsyncSession, pages: Collection[Page]) -> None:
        for kind, rows in _by_kind(page.inserts for page in pages).items():
            await session.execute(_adding(kind), rows)
        for (kind, members), rows in _by_shape(page.updates for page in pages).items():
            await session.execute(_changing(kind, members), rows)
        notices = await self._charge(session, pages)
        await self._tell(session, pages, notices)

    async def _charge(
        self, session: AsyncSession, pages: Collection[Page]
    ) -> dict[UUID, tuple[object, ...]]:
        lines: dict[UUID, list[Line]] = defaultdict(list)
        for page in pages:
            if page.charges:
                lines[page.card.account.uuid] += page.charges
        notices: dict[UUID, tuple[object, ...]] = {}
        # Always in the same order: two nodes that lock the same accounts must not meet crosswise.
        for uuid in sorted(lines):
            paid = await enter(session, uuid, lines[uuid], now=self._now(), overdraw=True)
            self._changed(uuid, paid.balance)
            for page in pages:
                if page.card.account.uuid == uuid:
                    page.card.account.balance = paid.balance
            if paid.balance_changed:
                account = await get_account(session, uuid)
                notices[uuid] = balance_notices(account, paid.balance, "voice_charge_in")
        await settle(session, pages)
        return notices

    async def _tell(
        self,
        session: AsyncSession,
        pages: Iterable[Page],
        notices: dict[UUID, tuple[object, ...]],
    ) -> None:
        now = self._now()
        events: dict[UUID, list[Ready]] = defaultdict(list)
        for page in pages:
            late = (self._events.draft(happened, now) for happened in page.late)
            events[page.card.account.uuid] += chain(page.ready, late)
        for uuid, happened in notices.items():
            events[uuid] += (self._events.draft(notice, now) for notice in happened)
        for uuid in sorted(events):
            # In the order of happening, across the calls of an account too.
            ready = sorted(events[uuid], key=lambda each: each.uuid)
            await self._events.store(session, uuid, ready)


def will_pass(error: Exception) -> bool:
    """Tell whether it is the database's fault for now, and not of what is written."""
    return is_away(error) or isinstance(error, PASSING)


async def are_stored(session: AsyncSession, pages: Collection[Page]) -> bool:
    """Tell whether these pages were committed already: any one event or end speaks for all."""
    ready = next((page.ready[0] for page in pages if page.ready), None)
    ended = next((page.card.call.uuid for page in pages if page.late), None)
    if ready is not None:
        speaks = select(Event.uuid).where(Event.uuid == ready.uuid)
    elif ended is not None:
        speaks = select(Call.uuid).where(Call.uuid == ended, Call.destroy_on.is_not(None))
    else:
        return False
    stored = await session.scalar(speaks) is not None
    if stored:
        settled(pages)
    return stored


def give_up(pages: Collection[Page], error: Exception) -> None:
    """Say of every page what is lost with it, to the log and to its call."""
    unsettled(pages)
    for page in pages:
        page.card.lost = error
        log.error(
            "call_page_lost",
            call=str(page.card.call.uuid),
            account=str(page.card.account.uuid),
            rows=[f"{kind.__tablename__} {uuid}" for kind, uuid in (*page.inserts, *page.updates)],
            charges=[str(line.amount) for line in page.charges],
            events=[str(event.uuid) for event in page.ready],
            error=repr(error),
        )


@lru_cache(maxsize=16)
def _adding(kind: type[Base]) -> Insert:
    """Make the statement that adds rows of a kind; a row is keyed by its members' names."""
    table, columns = cast(Table, kind.__mapper__.local_table), kind.__mapper__.columns
    names = [attr.key for attr in kind.__mapper__.column_attrs]
    values: Row = {columns[name].name: bindparam(name, type_=columns[name].type) for name in names}
    return insert(table).values(values)


@lru_cache(maxsize=256)
def _changing(kind: type[Base], members: tuple[str, ...]) -> Update:
    """Make the statement that changes these members of rows named by `row_uuid`."""
    table, columns = cast(Table, kind.__mapper__.local_table), kind.__mapper__.columns
    values: Row = {columns[name].name: bindparam(f"new_{name}") for name in members}
    return update(table).where(table.c.uuid == bindparam("row_uuid")).values(values)


def _by_kind(inserts: Iterable[dict[Key, Row]]) -> dict[type[Base], list[Row]]:
    rows: dict[type[Base], list[Row]] = defaultdict(list)
    for page in inserts:
        for (kind, _), row in page.items():
            rows[kind].append(row)
    return rows


def _by_shape(
    updates: Iterable[dict[Key, Row]],
) -> dict[tuple[type[Base], tuple[str, ...]], list[Row]]:
    """Put updates of the same members together: one statement, many rows."""
    rows: dict[tuple[type[Base], tuple[str, ...]], list[Row]] = defaultdict(list)
    for page in updates:
        for (kind, uuid), values in page.items():
            members = tuple(sorted(values))
            new = {f"new_{name}": value for name, value in values.items()}
            rows[kind, members].append({"row_uuid": uuid, **new})
    return rows
