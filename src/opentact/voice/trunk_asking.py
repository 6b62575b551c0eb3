"""What keeping trunks needs of the SIP endpoint: a request of ours, and its final answer."""

import asyncio
from collections.abc import Awaitable, Sequence
from typing import Protocol

from .sip.digest import Credentials
from .sip.effects import Reply
from .sip.machine import Address

# What is silent for longer is as good as away; a caller would not wait for it either.
PATIENCE_S = 5.0


class Asker(Protocol):
    """Sends requests outside of calls: the SIP endpoint."""

    def ask(
        self,
        method: str,
        target: str,
        *,
        to: str,
        caller: str,
        destination: Address | None = None,
        headers: Sequence[tuple[str, str]] = (),
        body: bytes = b"",
        credentials: Credentials | None = None,
        call_id: str | None = None,
        number: int = 1,
    ) -> Awaitable[Reply]:
        """Send it; 408 when nobody answers. Raises ValueError when it leads nowhere."""


async def answer_to(asked: Awaitable[Reply], patience: float = PATIENCE_S) -> Reply:
    """Wait for the final answer, 408 when it does not come in time."""
    try:
        async with asyncio.timeout(patience):
            return await asked
    except TimeoutError:
        return Reply(408, "no answer")
