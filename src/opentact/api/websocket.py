"""The websocket at `/` and `/ws`: events as they happen, and those that were missed (spec/08).

Moves what `events.websocket_session` decides: one task listens to the client, one does the next
thing, a timer wakes the session. Pings are the server's (`SERVER_OPTIONS`): one each 30 s, and a
peer that answers none is dropped.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from typing import Final
from uuid import UUID

import orjson
import structlog
from fastapi import APIRouter, WebSocket, WebSocketDisconnect

from opentact.accounts.accounts import get_account
from opentact.accounts.users import get_user
from opentact.events.log import Logged, end_of_log, place_after, read_from
from opentact.events.subscriptions import Channel, Wanted, wanted
from opentact.events.websocket_effects import (
    Authenticate,
    Close,
    Effect,
    ReadLog,
    Refresh,
    Send,
    Welcome,
)
from opentact.events.websocket_session import (
    MOST_TEXT,
    OUR_FAULT,
    WebsocketSession,
)
from opentact.kit.ids import new_id

from .auth import Principal
from .services import Services, services_of
from .wire.sockets import as_2022, auth_frame

SERVER_OPTIONS: Final = {
    "ws_ping_interval": 30.0,
    "ws_ping_timeout": 30.0,
    "ws_max_size": 4 * MOST_TEXT,  # bytes: a character has up to four
}
"""What `uvicorn.Config` is to be given, so that the websocket is as the guide says."""

FAREWELL_S = 20.0  # for a reader that was cut to make room for the close frame
log = structlog.get_logger(__name__)
router = APIRouter()


@router.websocket("/")
@router.websocket("/ws")
async def connect(websocket: WebSocket) -> None:
    """Serve one client until either side leaves."""
    await websocket.accept()
    await _Connection(websocket, await services_of(websocket)).run()


class _Connection:
    """One websocket, and the session that says what to do with it."""

    def __init__(self, websocket: WebSocket, services: Services) -> None:
        self._websocket = websocket
        self._services = services
        self._uuid = new_id()
        self._ip = websocket.client.host if websocket.client else "?"
        self._loop = asyncio.get_running_loop()
        old = websocket.query_params.get("v") == "2022"
        self._session = WebsocketSession(self._loop.time(), **({"spell": as_2022} if old else {}))
        self._stirred = asyncio.Event()
        self._timer: asyncio.TimerHandle | None = None
        self._rings_at = 0.0
        self._performing: asyncio.Task[None] | None = None
        self._account: UUID | None = None
        self._leave: list[Callable[[], None]] = []

    async def run(self) -> None:
        listening = asyncio.create_task(self._listen())
        performing = self._performing = asyncio.create_task(self._perform())
        self._arm()
        try:
            await asyncio.wait({listening, performing}, return_when=asyncio.FIRST_COMPLETED)
            if self._session.is_cut:
                await self._cut()
        finally:
            if self._timer is not None:
                self._timer.cancel()
            for leave in self._leave:
                leave()
            for task in (listening, performing):
                task.cancel()
            await asyncio.gather(listening, performing, return_exceptions=True)

    # The session's Listener: told by the bus

    def published(self, event: Logged) -> None:
        self._session.published(event)
        self._stirred.set()

    def changed(self) -> None:
        self._session.changed()
        self._stirred.set()

    # The tasks

    async def _listen(self) -> None:
        while True:
            message = await self._websocket.receive()
            if message["type"] == "websocket.disconnect":
                return
            text: str | None = message.get("text")
            self._session.received(message["bytes"] if text is None else text)
            self._stirred.set()

    async def _perform(self) -> None:
        try:
            while True:
                effect = self._session.next_effect(self._loop.time())
                self._arm()
                if effect is None:
                    self._stirred.clear()
                    await self._stirred.wait()
                elif isinstance(effect, Close):
                    await self._websocket.close(effect.code, effect.reason)
                    return
                else:
                    await self._do(effect)
        except WebSocketDisconnect:
            return
        except Exception:
            log.exception("websocket_failed", session=repr(self._session))
            await self._websocket.close(OUR_FAULT, "We failed; connect again")

    async def _do(self, effect: Effect) -> None:
        session = self._session
        if isinstance(effect, Send):
            await self._websocket.send_text(effect.text)
            session.sent()
        elif isinstance(effect, ReadLog) and self._account is not None:
            async with self._services.database.read() as reader:
                session.read(await read_from(reader, self._account, effect.after, take=effect.take))
        elif isinstance(effect, Refresh):
            await self._refresh(effect)
        elif isinstance(effect, Authenticate):
            await self._authenticate(effect)

    async def _authenticate(self, effect: Authenticate) -> None:
        who = await self._services.auth.by_token(effect.token)
        if who is None:
            self._session.refused("Unauthorized: the token is not valid")
            return
        if self._account is None:
            # Listen first, then look where the log ends: nothing falls in between.
            self._account = who.account
            presence = self._services.presence
            presence.arrived(who.user)
            self._leave = [
                self._services.bus.subscribe(who.account, self),
                lambda: presence.left(who.user),
            ]
        welcome = await self._welcome(who, effect.after)
        self._session.authenticated(welcome, self._loop.time())

    async def _welcome(self, who: Principal, after: UUID | None) -> Welcome:
        now = self._services.clock.now()
        async with self._services.database.read() as reader:
            user = await get_user(reader, who.account, who.user)
            account = await get_account(reader, who.account)
            end = await end_of_log(reader, who.account)
            start = end if after is None else await place_after(reader, who.account, after)
            allowed = await wanted(reader, who.account, Channel.WSS, now)
        frame = auth_frame(
            new_id(), now, user, account, connection=self._uuid, ip=self._ip, start=start
        )
        return Welcome(
            who.user,
            orjson.dumps(frame).decode(),
            start.position,
            end.position,
            allowed,
            _fresh(allowed, now),
        )

    async def _refresh(self, effect: Refresh) -> None:
        who = await self._services.auth.by_token(effect.token)
        now, allowed = self._services.clock.now(), None
        if who is not None:
            async with self._services.database.read() as reader:
                allowed = await wanted(reader, who.account, Channel.WSS, now)
        fresh = None if allowed is None else _fresh(allowed, now)
        self._session.refreshed(allowed, fresh, self._loop.time())

    async def _cut(self) -> None:
        effect = self._session.next_effect(self._loop.time())
        if isinstance(effect, Close):
            log.info("websocket_cut", session=repr(self._session))
            with suppress(WebSocketDisconnect, TimeoutError):
                async with asyncio.timeout(FAREWELL_S):
                    await self._websocket.close(effect.code, effect.reason)

    # Time

    def _arm(self) -> None:
        """Have the session woken in time; a timer that rings too early is set anew then."""
        at = self._session.wake_at
        if at is None or (self._timer is not None and self._rings_at <= at):
            return
        if self._timer is not None:
            self._timer.cancel()
        # Not asked of the handle: uvloop's has no `when` for a time that has come already.
        self._rings_at = at
        self._timer = self._loop.call_at(at, self._wake)

    def _wake(self) -> None:
        self._timer = None
        self._session.woken(self._loop.time())
        if self._session.is_cut and self._performing is not None:
            self._performing.cancel()
            return
        self._arm()
        self._stirred.set()


def _fresh(allowed: Wanted, now: datetime) -> float | None:
    ends = allowed.changes_on
    return None if ends is None else max((ends - now).total_seconds(), 0.0)
