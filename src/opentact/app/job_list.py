"""The regular jobs of the platform."""

import asyncio
from datetime import datetime, timedelta
from typing import Protocol

from sqlalchemy.ext.asyncio import AsyncSession

from opentact.api.services import Services
from opentact.billing.idempotency import forget_old
from opentact.events.retention import forget_old_events
from opentact.numbers.renewal import Fate, carry_out, plan_renewals
from opentact.numbers.settlement import settle_open_orders
from opentact.voice.recordings import delete_old_recordings
from opentact.voice.timeline.rows import forget_old_traces
from opentact.voice.transcripts import forget_transcripts

from .jobs import Job

AHEAD = timedelta(hours=1)  # leases are renewed before they end, so that no call finds one ended
BITE = 1000  # events forgotten in one transaction: no call waits long for the one writer


def regular_jobs(
    services: Services, *, keep_events: timedelta, keep_recordings: timedelta | None = None
) -> list[Job]:
    """List them; `keep_events` is how long events are kept, `keep_recordings` None for ever."""
    work = _Work(services, keep_events, keep_recordings)
    return [
        Job("settle open orders", timedelta(minutes=10), work.settle),
        Job("renew leases", timedelta(minutes=10), work.renew),
        Job("release ended leases", timedelta(minutes=10), work.release),
        Job("forget old events", timedelta(hours=1), work.forget_events),
        Job("forget old timelines", timedelta(hours=1), work.forget_traces),
        Job("delete old recordings", timedelta(hours=1), work.delete_recordings),
        Job("forget old idempotency keys", timedelta(hours=1), work.forget_keys),
    ]


class _Forget(Protocol):
    """Deletes at most `most` rows of before a time; tells how many there were."""

    async def __call__(self, session: AsyncSession, before: datetime, /, *, most: int) -> int: ...


class _Work:
    def __init__(
        self, services: Services, keep_events: timedelta, keep_recordings: timedelta | None
    ) -> None:
        self._services = services
        self._keep = keep_events
        self._keep_recordings = keep_recordings

    async def settle(self, at: datetime) -> str:
        del at
        services = self._services
        settled = await settle_open_orders(
            services.database,
            providers=services.number_providers,
            events=services.events,
            period=services.lease_period,
            clock=services.clock,
        )
        return f"{len(settled)} orders settled"

    async def renew(self, at: datetime) -> str:
        return await self._leases(at + AHEAD, at, autorenew=True)

    async def release(self, at: datetime) -> str:
        return await self._leases(at, at, autorenew=False)

    async def _leases(self, until: datetime, now: datetime, *, autorenew: bool) -> str:
        services = self._services
        async with services.database.read() as session:
            plans = await plan_renewals(
                session, until, period=services.lease_period, autorenew=autorenew
            )
        done = carry_out(
            services.database,
            plans,
            events=services.events,
            period=services.lease_period,
            at=until,
            now=now,
        )
        fates = [plan.fate async for plan in done]
        renewed, released = fates.count(Fate.RENEW), fates.count(Fate.RELEASE)
        return f"{renewed} renewed, {released} released"

    async def delete_recordings(self, at: datetime) -> str:
        total, keep = 0, self._keep_recordings
        while keep is not None:
            async with self._services.database.write() as session:
                files = await delete_old_recordings(session, at - keep, at)
                await forget_transcripts(session, files.keys())
            for file in files.values():
                await asyncio.to_thread((self._services.recordings / file).unlink, missing_ok=True)
            total += len(files)
            if not files:
                break
        return f"{total} recordings deleted"

    async def forget_events(self, at: datetime) -> str:
        return f"{await self._in_bites(forget_old_events, at - self._keep)} events forgotten"

    async def forget_traces(self, at: datetime) -> str:
        return f"{await self._in_bites(forget_old_traces, at - self._keep)} timelines forgotten"

    async def _in_bites(self, forget: _Forget, before: datetime) -> int:
        total = 0
        while True:
            async with self._services.database.write() as session:
                count = await forget(session, before, most=BITE)
            total += count
            if not count:
                return total

    async def forget_keys(self, at: datetime) -> str:
        async with self._services.database.write() as session:
            return f"{await forget_old(session, now=at)} keys forgotten"
