"""Telling control apps of the states of their calls, at the `webhook_url` they gave (spec/05).

`state`, `from` and `to` are added to the query; with POST the call is the body. Told off the
call's path, in the order of each call's states, each once more if it fails. What cannot be told
then is given up aloud: the event log has it (`GET /rest/event`).
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson
import structlog

from opentact.events.log import Logged
from opentact.kit.faults import Fault

from .fetching import FetchPort
from .flow_source import seconds

MOST_CALLS = 10_000  # with something untold; more means that nobody listens, and is given up
ABREAST = 50  # requests at once
PAUSE_S = 1.0  # before the one repeat
ANSWER_BYTES = 64 * 1024  # of an answer that is not looked at
_HOPEFUL = '"webhook_url":"http'
log = structlog.get_logger(__name__)
Entity = Callable[[UUID, UUID], Awaitable[dict[str, Any]]]
"""Give a call of an account as JSON: (account, call)."""


@dataclass(frozen=True, slots=True)
class Telling:
    """One state of one call, for one app."""

    account: UUID
    call: UUID
    event: UUID
    shown: dict[str, Any]

    @property
    def app(self) -> dict[str, Any]:
        """The call's app."""
        app: dict[str, Any] = self.shown["sip_control_app"]
        return app


class AppWebhooks:
    """Tells for one node."""

    def __init__(
        self, fetcher: FetchPort, entity: Entity, *, pause_s: float = PAUSE_S, grace_s: float = 2.0
    ) -> None:
        """`pause_s` lies before the repeat; `grace_s` is how long `close` waits."""
        self._fetcher = fetcher
        self._entity = entity
        self._pause_s = pause_s
        self._grace_s = grace_s
        self._waiting: dict[UUID, deque[Telling]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._abreast = asyncio.Semaphore(ABREAST)

    @property
    def untold(self) -> int:
        """How many calls have something untold."""
        return len(self._waiting)

    def published(self, events: Sequence[Logged]) -> None:
        """Hear of stored events; returns at once."""
        for event in events:
            if event.type == "call_state" and _HOPEFUL in event.frame:
                self._take(event)

    async def close(self) -> None:
        """Tell what there is for a moment longer, and give up the rest."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=self._grace_s)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _take(self, event: Logged) -> None:
        shown = orjson.loads(event.frame)["call"]
        telling = Telling(event.account, UUID(shown["uuid"]), event.uuid, shown)
        if not (shown["sip_control_app"] or {}).get("webhook_url"):
            return
        line = self._waiting.get(telling.call)
        if line is not None:
            line.append(telling)
        elif len(self._waiting) >= MOST_CALLS:
            log.error("app_webhook_given_up", call=shown["uuid"], reason="too many are untold")
        else:
            self._waiting[telling.call] = deque([telling])
            task = asyncio.create_task(self._tell_all(telling.call), name="app webhook")
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _tell_all(self, call: UUID) -> None:
        """Tell what there is of a call, one after the other."""
        line = self._waiting[call]
        try:
            while line:
                async with self._abreast:
                    await self._tell(line[0])
                line.popleft()
        finally:
            del self._waiting[call]

    async def _tell(self, telling: Telling) -> None:
        try:
            await self._ask(telling)
        except Fault:
            await asyncio.sleep(self._pause_s)
        else:
            return
        try:
            await self._ask(telling)
        except Fault as fault:
            log.warning("app_webhook_given_up", call=str(telling.call), reason=str(fault))

    async def _ask(self, telling: Telling) -> None:
        app, shown = telling.app, telling.shown
        body = None
        if app["webhook_method"] == "POST":
            # The whole call as it is now, with the state and the time that this is about.
            body = await self._entity(telling.account, telling.call) | shown
        await self._fetcher.fetch(
            app["webhook_method"],
            app["webhook_url"],
            params=[(name, str(shown[name])) for name in ("state", "from", "to")],
            headers=[("X-Opentact-Delivery", str(telling.event))],
            json=body,
            timeout=seconds(app["webhook_request_timeout"]),
            max_bytes=ANSWER_BYTES,
        )
