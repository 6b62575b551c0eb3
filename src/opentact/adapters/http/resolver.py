"""Name resolution that answers with checked addresses only.

The connection is made to exactly the addresses returned here, in the same step: a name that
changes its mind between check and use (DNS rebinding) has nothing to change.
"""

import asyncio
import socket
from concurrent.futures import ThreadPoolExecutor
from ipaddress import ip_address

from aiohttp.abc import AbstractResolver, ResolveResult

from .addresses import Guard

_THREADS = 16
"""Names asked at a time; each may take its server's time, so they have threads of their own."""


class GuardedResolver(AbstractResolver):
    """Asks `inner`, and refuses the whole name if one of its addresses is refused."""

    def __init__(self, guard: Guard, inner: AbstractResolver | None = None) -> None:
        self._guard = guard
        self._inner = inner or SystemResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Resolve; raises `FetchRefused`, or OSError when there is no such name."""
        found = await self._inner.resolve(host, port, family)
        for result in found:
            self._guard.check(ip_address(result["host"]), host)
        return found

    async def close(self) -> None:
        await self._inner.close()


class SystemResolver(AbstractResolver):
    """The machine's own way to resolve names, by `getaddrinfo`.

    aiohttp's does the same on the event loop's threads, which files and passwords need too:
    a customer whose name server never answers would hold them all.
    """

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="names")

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Resolve; raises OSError when there is no such name."""
        loop = asyncio.get_running_loop()
        found = await loop.run_in_executor(self._threads, _look_up, host, port, family)
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=kind,
                proto=0,
                flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
            )
            for kind, address in found
        ]

    async def close(self) -> None:
        # Whoever still waits for a name server does so alone.
        self._threads.shutdown(wait=False, cancel_futures=True)


def _look_up(host: str, port: int, family: int) -> list[tuple[socket.AddressFamily, str]]:
    found = socket.getaddrinfo(
        host, port, family=family, type=socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG
    )
    return [(kind, str(address[0])) for kind, _, _, _, address in found]
