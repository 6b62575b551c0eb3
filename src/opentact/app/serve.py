"""`opentact serve`: HTTP, websockets, SIP and media in one command, ended politely by a signal."""

import asyncio
import contextlib
import logging
import os
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator, Callable, Generator
from contextlib import AsyncExitStack, asynccontextmanager, closing
from typing import Any

import structlog
import uvicorn

from opentact.accounts.passwords import Passwords
from opentact.api.app import create_app
from opentact.api.websocket import SERVER_OPTIONS

from .data_folder import hold
from .exchange import PortTaken
from .memory import settle_memory, tidy
from .platform import Platform, open_platform
from .settings import Settings
from .setup import Ready, open_database

GRACE_S = 5
# A commit is a thread's work, which needs the interpreter to begin and to end. With Python's usual
# 5 ms a 200 OK may wait that long each time while calls keep the loop busy (decision 0124).
SWITCH_S = 0.0005
Started = Callable[[Platform, Ready], None]


class _Server(uvicorn.Server):
    """uvicorn without its signal handlers: ours end the calls first."""

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield


@asynccontextmanager
async def serving(settings: Settings) -> AsyncIterator[tuple[Platform, Ready]]:
    """Run the whole server while the block runs. Calls end before HTTP, so that it tells of it."""
    with hold(settings.data):
        async with AsyncExitStack() as stack:
            sock = stack.enter_context(closing(_listen(settings)))
            ready = await _open_database(settings)
            stack.push_async_callback(ready.database.close)
            platform = await stack.enter_async_context(open_platform(settings, ready.database))
            server = _Server(_config(platform, settings))
            task = asyncio.create_task(server.serve([sock]), name="http")
            tidying = asyncio.create_task(tidy(lambda: not platform.switchboard.live))
            try:
                await _until_started(server, task)
                settle_memory()
                sys.setswitchinterval(SWITCH_S)
                yield platform, ready
                await platform.switchboard.close()
            finally:
                tidying.cancel()
                server.should_exit = True
                await task


async def _open_database(settings: Settings) -> Ready:
    passwords = Passwords(time.monotonic)
    try:
        return await open_database(settings, passwords)
    finally:
        passwords.close()


async def _until_started(server: uvicorn.Server, task: "asyncio.Task[None]") -> None:
    while not server.started and not task.done():  # noqa: ASYNC110 - uvicorn has only this flag
        await asyncio.sleep(0.01)


async def serve(settings: Settings, started: Started) -> None:
    """Serve until a signal; one that comes while we start is heeded as soon as we have."""
    stop = catch_signals()
    async with serving(settings) as (platform, ready):
        started(platform, ready)
        await stop.wait()


def catch_signals() -> asyncio.Event:
    """Set the event at SIGINT or SIGTERM; a second one ends the process at once."""
    stop, loop = asyncio.Event(), asyncio.get_running_loop()

    def caught(number: int) -> None:
        if stop.is_set():
            # The child processes see our end of their pipes close, and end as well.
            os._exit(128 + number)
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, caught, number)
    return stop


async def until_signalled() -> None:
    """Wait for SIGINT or SIGTERM."""
    await catch_signals().wait()


def set_up_logging(level: str) -> None:
    """Write our log lines for people, on standard error."""
    number = logging.getLevelName(level.upper())
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            # Plain: a coloured traceback with every local takes tenths of a second, and tells
            # secrets.
            structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.WriteLoggerFactory(file=open(2, "w", closefd=False)),  # noqa: SIM115 - lives as long as the process
        cache_logger_on_first_use=True,
    )


def _config(platform: Platform, settings: Settings) -> uvicorn.Config:
    options: dict[str, Any] = dict(SERVER_OPTIONS)
    return uvicorn.Config(
        create_app(platform.services),
        http="httptools",
        ws="websockets-sansio",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=GRACE_S,
        log_level=settings.log_level,
        **options,
    )


def _listen(settings: Settings) -> socket.socket:
    host, port = settings.http_address
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((host, port))
        sock.listen(1024)
    except OSError as error:
        sock.close()
        raise PortTaken(
            f"HTTP cannot listen on {settings.http}: {error.strerror}."
            " Stop what uses it, or choose another with --http HOST:PORT"
        ) from None
    sock.setblocking(False)  # noqa: FBT003 - the socket API's own
    return sock
