"""What happens to every request before a route sees it: an id, and a limit on its body."""

import re
import secrets
from collections.abc import MutableMapping
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .envelope import refusal, request_id

# Larger than any document we read; a LERG upload brings its own limit.
MOST_BODY = 2 * 1024 * 1024
_SANE_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")


class RequestId:
    """Give each request an id: the client's `X-Request-Id` if it is a sane one, else ours."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        sent = Headers(scope=scope).get("x-request-id", "")
        name = sent if _SANE_ID.fullmatch(sent) else secrets.token_hex(12)
        token = request_id.set(name)

        async def named(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)["x-request-id"] = name
            await send(message)

        try:
            await self._app(scope, receive, named)
        finally:
            request_id.reset(token)


class BodyLimit:
    """Refuse bodies over the limit with 413, before reading them where they say their length."""

    def __init__(self, app: ASGIApp, most: int = MOST_BODY) -> None:
        """`most` is in bytes."""
        self._app = app
        self._most = most

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        length = Headers(scope=scope).get("content-length", "0")
        message = f"The body may have up to {self._most} bytes"
        if length.isdigit() and int(length) > self._most:
            await refusal(message, 413, "too_large")(scope, receive, send)
            return
        seen = 0

        async def counted() -> MutableMapping[str, Any]:
            nonlocal seen
            part = await receive()
            seen += len(part.get("body", b""))
            if seen > self._most:
                raise HTTPException(413, message)
            return part

        await self._app(scope, counted, send)
