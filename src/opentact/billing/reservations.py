"""Credit reserved while calls run: two calls at once cannot spend the last dollar twice.

Each node holds part of an account's balance for its live calls (node_holds.py), and gives it out
from memory (purse.py): most calls begin, go on and end without a trip to the database of their
own. What was held and not paid is let go once the account has no calls. Decision 0083.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Protocol, TypeVar
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from opentact.kit.clock import Clock
from opentact.kit.money import ZERO

from . import node_holds
from .purse import Purse

T = TypeVar("T")
IDLE_S = 1.0  # a hold that nobody uses lasts so long: the next call may come at once
log = structlog.get_logger(__name__)


class Journal(Protocol):
    """Where grouped writes go, one after the other (adapters/storage/journal.py)."""

    def later(self, work: Callable[[AsyncSession], Awaitable[Any]]) -> Awaitable[Any]:
        """Queue the work; the awaitable is done once it is stored."""


@dataclass(slots=True)
class Reserved:
    """What one call has reserved. `amount` grows with `Credit.more`."""

    account: UUID
    amount: Decimal
    open: bool = True


@dataclass(frozen=True, slots=True)
class Short:
    """There is not enough; `free` dollars are left."""

    free: Decimal


@dataclass(slots=True)
class _Wait:
    want: Decimal
    least: Decimal
    answer: "asyncio.Future[Decimal]"


@dataclass(slots=True)
class _Account:
    purse: Purse = field(default_factory=Purse)
    waiting: list[_Wait] = field(default_factory=list)
    growing: bool = False
    left: Decimal = ZERO
    idle: asyncio.TimerHandle | None = None


class Credit:
    """Reserves credit for the calls of one node."""

    def __init__(
        self, journal: Journal, clock: Clock, node: str, *, idle_s: float = IDLE_S
    ) -> None:
        """`node` names the holds; they go `idle_s` seconds after an account's last call."""
        self._journal = journal
        self._clock = clock
        self._node = node
        self._idle_s = idle_s
        self._accounts: dict[UUID, _Account] = {}
        self._tasks: set[asyncio.Future[Any]] = set()
        self._closed = False

    async def reserve(self, account: UUID, amount: Decimal) -> Reserved | Short:
        """Reserve the amount for a call that begins; raises what the database said."""
        mine = self._accounts.setdefault(account, _Account())
        mine.purse.calls += 1
        try:
            got = await self._take(account, mine, amount, amount)
        except BaseException:
            self._left(account, mine)
            raise
        if got < amount:
            self._left(account, mine)
            return Short(mine.left + max(ZERO, mine.purse.slack))
        return Reserved(account, amount)

    async def more(self, reserved: Reserved, want: Decimal, least: Decimal) -> Decimal:
        """Reserve `want` more for a call that goes on, or what is there if it is `least`.

        Returns what was added; 0 when not even `least` is there, or the call has ended.
        """
        mine = self._accounts.get(reserved.account)
        if mine is None or not reserved.open:
            return ZERO
        got = await self._take(reserved.account, mine, want, least)
        if not reserved.open:  # it ended while we waited
            mine.purse.give_back(got)
            self._look_idle(reserved.account, mine)
            return ZERO
        reserved.amount += got
        return got

    def release(self, reserved: Reserved) -> None:
        """Let go of what a call reserved and did not pay. Twice is once."""
        self.paid(reserved, ZERO)

    def paid(self, reserved: Reserved, price: Decimal) -> None:
        """Note that a call has paid, once the unit of work with `settle` is committed."""
        mine = self._accounts.get(reserved.account)
        if mine is None or not reserved.open:
            return
        reserved.open = False
        mine.purse.paid(reserved.amount, price)
        self._left(reserved.account, mine)

    async def settle(self, session: AsyncSession, paid: Mapping[UUID, Decimal]) -> None:
        """Shrink the holds by what calls pay, in the unit of work that charges them."""
        await node_holds.shrink(session, self._node, paid)

    def held(self, account: UUID) -> Decimal:
        """Tell how much this node holds of the account's balance."""
        mine = self._accounts.get(account)
        return ZERO if mine is None else mine.purse.held

    async def close(self) -> None:
        """Let go of everything; ask when no call lives any more."""
        self._closed = True
        for mine in self._accounts.values():
            if mine.idle is not None:
                mine.idle.cancel()
        while self._tasks:
            await asyncio.wait(self._tasks)
        self._accounts.clear()
        await self._journal.later(lambda session: node_holds.drop_all(session, self._node))

    async def _take(self, account: UUID, mine: _Account, want: Decimal, least: Decimal) -> Decimal:
        if not mine.waiting and mine.purse.take(want):
            if mine.purse.runs_low and not mine.growing:
                self._grow(account, mine)
            return want
        wait = _Wait(want, least, asyncio.get_running_loop().create_future())
        mine.waiting.append(wait)
        if not mine.growing:
            self._grow(account, mine)
        try:
            return await wait.answer
        except asyncio.CancelledError:
            if wait.answer.done() and not wait.answer.cancelled() and not wait.answer.exception():
                mine.purse.give_back(wait.answer.result())
            raise

    def _left(self, account: UUID, mine: _Account) -> None:
        mine.purse.calls -= 1
        self._look_idle(account, mine)

    def _look_idle(self, account: UUID, mine: _Account) -> None:
        if mine.purse.is_idle and mine.idle is None and not self._closed:
            loop = asyncio.get_running_loop()
            mine.idle = loop.call_later(self._idle_s, self._go_idle, account, mine)

    def _go_idle(self, account: UUID, mine: _Account) -> None:
        mine.idle = None
        if mine.purse.is_idle and not mine.growing:
            self._spawn(self._drop(account, mine))

    async def _drop(self, account: UUID, mine: _Account) -> None:
        """Let go of what an account without calls holds, unless one comes in the meantime."""

        async def work(session: AsyncSession) -> None:
            if mine.purse.is_idle and not mine.growing:
                # At once, so that nobody takes what is about to go. If the commit fails the hold
                # stays too large, which is safe.
                mine.purse.held = mine.purse.used = ZERO
                await node_holds.drop(session, self._node, account)

        try:
            await self._journal.later(work)
        except Exception as error:  # noqa: BLE001 - whatever it is, the hold must go one day
            log.warning("hold_not_dropped", error=repr(error))
            self._look_idle(account, mine)
            return
        if mine.purse.is_idle and not mine.growing and not mine.purse.held:
            self._accounts.pop(account, None)

    def _grow(self, account: UUID, mine: _Account) -> None:
        mine.growing = True
        self._spawn(self._growth(account, mine))

    async def _growth(self, account: UUID, mine: _Account) -> None:
        try:
            while True:
                asked = [*mine.waiting]
                taken, mine.left = await self._journal.later(self._more(account, mine, asked))
                mine.purse.held += taken
                del mine.waiting[: len(asked)]
                for wait in asked:
                    _serve(mine.purse, wait)
                # On a busy server somebody always came meanwhile: if each round served only who
                # asked before it, every call would wait for a round.
                while mine.waiting and _serve_whole(mine.purse, mine.waiting[0]):
                    del mine.waiting[0]
                if not mine.waiting:
                    break
        except Exception as error:  # noqa: BLE001 - told to every call that waits for it
            waiting, mine.waiting = mine.waiting, []
            for wait in waiting:
                if not wait.answer.done():
                    wait.answer.set_exception(error)
        finally:
            mine.growing = False
            self._look_idle(account, mine)

    def _more(
        self, account: UUID, mine: _Account, asked: list[_Wait]
    ) -> Callable[[AsyncSession], Awaitable[tuple[Decimal, Decimal]]]:
        async def work(session: AsyncSession) -> tuple[Decimal, Decimal]:
            total = sum((wait.want for wait in asked), ZERO)
            return await node_holds.grow(
                session,
                self._node,
                account,
                lambda free: mine.purse.wish(total, free),
                self._clock.now(),
            )

        return work

    def _spawn(self, work: Any) -> None:
        task = asyncio.create_task(work, name="credit")
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: "asyncio.Future[None]") -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            log.error("credit_task_failed", exc_info=task.exception())


def _serve(purse: Purse, wait: _Wait) -> None:
    """Give what was waited for: all, or what is there, or nothing; in the order of asking."""
    if _serve_whole(purse, wait):
        return
    there = purse.slack
    if there >= wait.least > ZERO and purse.take(there):
        wait.answer.set_result(there)
        return
    wait.answer.set_result(ZERO)


def _serve_whole(purse: Purse, wait: _Wait) -> bool:
    """Give all that was waited for, or tell that it is not there."""
    if wait.answer.done():  # it has given up
        return True
    if not purse.take(wait.want):
        return False
    wait.answer.set_result(wait.want)
    return True
