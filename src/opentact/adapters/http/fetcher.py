"""Asking the URLs that customers give us, so that neither they nor we come to harm.

Redirects are followed by hand and each is checked anew; the address is resolved once, checked,
and connected to (docs/decisions/0027). No proxy from the environment, no cookies.
"""

import asyncio
import os
import ssl
from collections.abc import Iterable, Sequence
from dataclasses import replace

import aiohttp
from aiohttp.abc import AbstractResolver

from opentact import __version__
from opentact.voice.fetching import MAX_BYTES, Fetched

from .addresses import LOOPBACK, Guard
from .bodies import ENCODINGS, read_body
from .faults import (
    FetchFault,
    FetchRedirects,
    FetchRefused,
    FetchStatus,
    FetchTimeout,
    FetchUnreachable,
)
from .requests import Asked, write_request
from .resolver import GuardedResolver

CONNECT_TIMEOUT = 2.0
"""Seconds to resolve, connect and agree on TLS, inside the total."""

MAX_REDIRECTS = 3
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_NOT_MODIFIED = 304
_CONDITIONS = frozenset({"if-none-match", "if-modified-since"})
_IDLE = 15.0
"""Seconds a connection is kept for the next request; shorter than common servers keep theirs."""


class Fetcher:
    """Asks URLs. One for the whole server; close it at the end."""

    def __init__(
        self,
        *,
        allow_networks: Iterable[str] = LOOPBACK,
        resolver: AbstractResolver | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        """`allow_networks` (CIDR) may be asked though they are not public.

        `resolver` and `tls` stand in for the system's: another DNS, a private authority.
        """
        self._guard = Guard(allow_networks)
        self._resolver = resolver
        self._tls = tls
        self._names: GuardedResolver | None = None
        self._session: aiohttp.ClientSession | None = None

    async def fetch(
        self,
        method: str,
        url: str,
        *,
        params: Sequence[tuple[str, str]] = (),
        headers: Sequence[tuple[str, str]] = (),
        json: object = None,
        body: bytes | None = None,
        timeout: float = 5.0,  # noqa: ASYNC109 - a customer's setting, told apart from a cancel
        max_bytes: int = MAX_BYTES,
        accept: str = "*/*",
    ) -> Fetched:
        """Ask, follow at most three redirects, and read the answer within its limits.

        `timeout` is in seconds, for everything together; `max_bytes` counts the decompressed
        body. Raises a `FetchFault`; its subclass says what went wrong.
        """
        asked = write_request(
            method, url, params=params, headers=headers, json=json, body=body, accept=accept
        )
        loop = asyncio.get_running_loop()
        began = loop.time()
        try:
            async with asyncio.timeout(timeout):
                answer = await self._follow(asked, max_bytes)
        except FetchFault:
            raise
        except (TimeoutError, aiohttp.ClientError, OSError, ValueError) as error:
            raise _told(error, asked, timeout) from error
        return replace(answer, ms=(loop.time() - began) * 1000)

    async def close(self) -> None:
        """Close every connection."""
        if self._session:
            await self._session.close()
            self._session = None
        if self._names:
            # A connector closes only resolvers of its own making.
            await self._names.close()
            self._names = None

    async def _follow(self, asked: Asked, max_bytes: int) -> Fetched:
        first = asked
        for _ in range(MAX_REDIRECTS + 1):
            answer = await self._ask(asked, max_bytes)
            if isinstance(answer, Fetched):
                return answer
            asked = answer
        raise FetchRedirects(f"{first.shown} redirects more than {MAX_REDIRECTS} times")

    async def _ask(self, asked: Asked, max_bytes: int) -> Fetched | Asked:
        """Make one request; the answer is what came, or the request to make next."""
        self._guard.check_host(asked.url.host or "")
        async with self._open().request(
            asked.method, asked.url, headers=asked.headers, data=asked.body, allow_redirects=False
        ) as response:
            location = response.headers.get("Location")
            if response.status in _REDIRECTS and location:
                return asked.redirected(response.status, location)
            if not _is_wanted(response.status, asked):
                raise FetchStatus(f"{asked.shown} answered {response.status}", response.status)
            has_body = asked.method != "HEAD" and response.status != _NOT_MODIFIED
            body = await read_body(response, max_bytes) if has_body else b""
            headers = {name.lower(): value for name, value in response.headers.items()}
            kind = headers.get("content-type", "").split(";")[0].strip().lower()
            return Fetched(response.status, kind, body, str(response.url), 0.0, headers)

    def _open(self) -> aiohttp.ClientSession:
        """Open the session at the first request: it belongs to the running loop."""
        if self._session is None:
            self._names = GuardedResolver(self._guard, self._resolver)
            connector = aiohttp.TCPConnector(
                resolver=self._names,
                use_dns_cache=False,
                limit=0,
                keepalive_timeout=_IDLE,
                ssl=self._tls or True,
            )
            self._session = aiohttp.ClientSession(
                connector=connector,
                cookie_jar=aiohttp.DummyCookieJar(),
                headers={"User-Agent": f"opentact/{__version__}", "Accept-Encoding": ENCODINGS},
                timeout=aiohttp.ClientTimeout(total=None, connect=CONNECT_TIMEOUT),
                auto_decompress=False,
                trust_env=False,
            )
        return self._session


def _is_wanted(status: int, asked: Asked) -> bool:
    if status == _NOT_MODIFIED:
        return any(name.lower() in _CONDITIONS for name in asked.headers)
    return 200 <= status < 300  # noqa: PLR2004 - success, RFC 9110 15.3


def _told(error: Exception, asked: Asked, timeout: float) -> FetchFault:
    """Say what broke, in words a customer can act on."""
    for kinds, fault, words in _WORDS:
        if isinstance(error, kinds):
            number = getattr(error, "errno", None)
            cause = os.strerror(number).lower() if number else "no connection"
            said = words.format(timeout=timeout, cause=cause, connect=CONNECT_TIMEOUT)
            return fault(f"{asked.shown}: {said}")
    return FetchUnreachable(f"{asked.shown}: the connection broke ({type(error).__name__})")


_WORDS: tuple[tuple[type[Exception] | tuple[type[Exception], ...], type[FetchFault], str], ...] = (
    # The first that fits: aiohttp's classes inherit from several of these.
    (aiohttp.ConnectionTimeoutError, FetchTimeout, "no connection within {connect:g} s"),
    (TimeoutError, FetchTimeout, "no complete answer within {timeout:g} s"),
    (aiohttp.ClientConnectorDNSError, FetchUnreachable, "there is no such host"),
    (aiohttp.ClientConnectorCertificateError, FetchUnreachable, "its certificate is not valid"),
    (aiohttp.ClientConnectorError, FetchUnreachable, "{cause}"),
    (aiohttp.ClientPayloadError, FetchUnreachable, "the answer was cut off"),
    ((aiohttp.InvalidURL, ValueError), FetchRefused, "not a request that can be sent"),
)
