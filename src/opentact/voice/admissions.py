"""Decides about the calls that arrive, those that wait at the same time in one read.

A read costs the same few trips to the database for one call as for forty, and at two hundred
calls a second these trips would be most of what a call costs. Between two reads only prices are
kept, for a second: whatever else was changed a moment ago holds for the next call. See
docs/decisions/0055.
"""

import asyncio
from dataclasses import dataclass

from opentact.kit.clock import Clock
from opentact.kit.quick import quick
from opentact.kit.units import Storage

from . import causes
from .admission import Refused, Verdict, admit_all, dialled_number
from .call_rates import CallRates

MOST_AT_ONCE = 100  # numbers in one read: bounds how long the first of them waits
# Between the beginnings of two reads. The first call after a pause waits for nobody; on a busy
# server some calls share a read, which costs what a read for one does.
PACE_S = 0.02


@dataclass(slots=True)
class _Question:
    number: int
    answer: "asyncio.Future[Verdict]"


class Admissions:
    """Answers for one node, one read after the other."""

    def __init__(self, storage: Storage, clock: Clock) -> None:
        self._storage = storage
        self._clock = clock
        self._rates = CallRates()
        self._waiting: list[_Question] = []
        self._reading: asyncio.Task[None] | None = None
        self._next_at = 0.0

    async def decide(self, called: str) -> Verdict:
        """Decide about a call to `called`; raises what the database said."""
        number = dialled_number(called)
        if number is None:
            return Refused(causes.NOT_LEASED)
        question = _Question(number, asyncio.get_running_loop().create_future())
        self._waiting.append(question)
        if self._reading is None:
            self._reading = asyncio.create_task(self._read(), name="admissions")
        return await question.answer

    async def _read(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            while self._waiting:
                await asyncio.sleep(self._next_at - loop.time())
                self._next_at = loop.time() + PACE_S
                asked = self._waiting[:MOST_AT_ONCE]
                del self._waiting[:MOST_AT_ONCE]
                await self._answer(asked)
        finally:
            self._reading = None

    async def _answer(self, asked: list[_Question]) -> None:
        try:
            # A few rows by their keys: the trips to another thread would be most of the wait.
            with quick():
                async with self._storage.read() as session:
                    numbers, now = {q.number for q in asked}, self._clock.now()
                    found = await admit_all(session, numbers, self._rates, now)
        except Exception as error:  # noqa: BLE001 - told to every call that waits for it
            for question in asked:
                if not question.answer.done():
                    question.answer.set_exception(error)
            return
        for question in asked:
            if not question.answer.done():
                question.answer.set_result(found.get(question.number, Refused(causes.NOT_LEASED)))
