"""The header `Idempotency-Key`, for routes that cost money (spec/11 D-32).

A route asks for `Once`, calls `replay` before it does anything, `claim` in its first transaction
and `done` in its last. Without the header all three do nothing.
"""

import hashlib
import re
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Header, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from opentact.billing.idempotency import Claim, StillRunning, answered, earlier, take
from opentact.kit.faults import BadField, BadRequest

from .services import Caller

_KEY = re.compile(r"[A-Za-z0-9_:-]{1,255}")
REPLAYED = "Idempotent-Replayed"
Rebuild = Callable[[UUID], Awaitable[Response | None]]
"""Answer again for work whose answer was never written; None while it still runs."""


class Doing:
    """One request that shall happen once. Without a key, it is done as often as asked."""

    def __init__(self, claim: Claim | None) -> None:
        self._claim = claim

    @property
    def given(self) -> bool:
        """Whether the client sent a key."""
        return self._claim is not None

    async def replay(
        self, session: AsyncSession, rebuild: Rebuild, *, now: datetime
    ) -> Response | None:
        """Answer as the first request was; None if this is the first. `StillRunning` if it runs."""
        if self._claim is None:
            return None
        first = await earlier(session, self._claim, now=now)
        if first is None:
            return None
        if first.status is not None and first.body is not None:
            answer: Response | None = Response(
                first.body, first.status, media_type="application/json"
            )
        else:
            answer = await rebuild(first.reference)
        if answer is None:
            raise StillRunning
        answer.headers[REPLAYED] = "true"
        return answer

    async def claim(self, session: AsyncSession, reference: UUID, *, now: datetime) -> None:
        """Claim the key for `reference`, or raise `StillRunning`."""
        if self._claim is not None:
            await take(session, self._claim, reference, now=now)

    async def done(self, session: AsyncSession, answer: Response) -> None:
        """Keep the answer in the transaction that finishes the work."""
        if self._claim is not None:
            body = bytes(answer.body)
            await answered(session, self._claim, status=answer.status_code, body=body)


async def _doing(
    request: Request,
    who: Caller,
    key: Annotated[
        str | None,
        Header(
            alias="Idempotency-Key",
            description="1 to 255 of letters, digits, `_`, `:` and `-`; kept for 24 hours",
        ),
    ] = None,
) -> Doing:
    if key is None:
        return Doing(None)
    if not _KEY.fullmatch(key):
        message = "expected 1 to 255 of letters, digits, _, : and -"
        raise BadRequest(
            f"Wrong value for: Idempotency-Key ({message})",
            fields={"params.Idempotency-Key": BadField(message, key)},
        )
    said = f"{request.method} {request.url.path}\n".encode() + await request.body()
    return Doing(Claim(who.account, key, hashlib.sha256(said).hexdigest()))


Once = Annotated[Doing, Depends(_doing)]
