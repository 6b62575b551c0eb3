"""Name resolution that answers with checked addresses only.

The connection is made to exactly the addresses returned here, in the same step: a name that
changes its mind between check and use (DNS rebinding) has nothing to change.
"""

import socket
from ipaddress import ip_address

from aiohttp import ThreadedResolver
from aiohttp.abc import AbstractResolver, ResolveResult

from .addresses import Guard


class GuardedResolver(AbstractResolver):
    """Asks `inner`, and refuses the whole name if one of its addresses is refused."""

    def __init__(self, guard: Guard, inner: AbstractResolver | None = None) -> None:
        self._guard = guard
        self._inner = inner or ThreadedResolver()

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
