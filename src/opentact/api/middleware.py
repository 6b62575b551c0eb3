"""What happens to every request before a route sees it: an id, a limit on its body, headers.

Also what happens when a route fails: the answer says under which id we logged it.
"""

import re
import secrets
from collections.abc import MutableMapping
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .envelope import our_fault, refusal, request_id

# Larger than any document we read; a LERG upload brings its own limit.
MOST_BODY = 2 * 1024 * 1024
MOST_FILE = 16 * 1024 * 1024  # a rate deck of 300,000 prefixes
FILES = "/rest/admin/rate_deck/"
_SANE_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
# A page of ours shows nothing in another site's frame, and a file is what its type says.
_SAFE = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
}


class RequestId:
    """Give each request an id: the client's `X-Request-Id` if it is a sane one, else ours.

    A failure of the route is answered here, while the id is known. One that comes when the
    answer has begun goes on: the server closes the connection.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        sent = Headers(scope=scope).get("x-request-id", "")
        name = sent if _SANE_ID.fullmatch(sent) else secrets.token_hex(12)
        token = request_id.set(name)
        begun = False

        async def named(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                headers = MutableHeaders(scope=message)
                headers["x-request-id"] = name
                told = scope.get("state", {}).get("headers", {})  # by what the route depends on
                for header, value in {**_SAFE, **told}.items():
                    headers.setdefault(header, value)
            await send(message)

        try:
            await self._app(scope, receive, named)
        except Exception as error:
            if begun:
                raise
            await our_fault(scope["method"], scope["path"], error)(scope, receive, named)
        finally:
            request_id.reset(token)
            form = scope.get("state", {}).get("form")
            if form is not None:
                await form.close()


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
        most = MOST_FILE if scope["path"].startswith(FILES) else self._most
        length = Headers(scope=scope).get("content-length", "0")
        message = f"The body may have up to {most} bytes"
        if length.isdigit() and int(length) > most:
            await refusal(message, 413, "too_large")(scope, receive, send)
            return
        seen = 0

        async def counted() -> MutableMapping[str, Any]:
            nonlocal seen
            part = await receive()
            seen += len(part.get("body", b""))
            if seen > most:
                raise HTTPException(413, message)
            return part

        await self._app(scope, counted, send)
