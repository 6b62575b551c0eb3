"""What a failed request says, and what it must not say."""

import errno
import ssl

import aiohttp
import pytest
from aiohttp.client_reqrep import ConnectionKey

from opentact.adapters.http.faults import (
    FetchFault,
    FetchRefused,
    FetchTimeout,
    FetchUnreachable,
)
from opentact.adapters.http.fetcher import _told
from opentact.adapters.http.requests import write_request

KEY = ConnectionKey("a.test", 443, is_ssl=True, ssl=True, proxy=None, proxy_auth=None,
                    proxy_headers_hash=None)  # fmt: skip
ASKED = write_request(
    "GET",
    "https://me:word@a.test:8443/flow?token=secret",
    params=[("jwt", "secret")],
    headers=[("Authorization", "secret")],
    json=None,
    body=None,
    accept="*/*",
)


@pytest.mark.parametrize(
    ("error", "fault", "words"),
    [
        (aiohttp.ConnectionTimeoutError(), FetchTimeout, "no connection within 2 s"),
        (TimeoutError(), FetchTimeout, "no complete answer within 5 s"),
        (
            aiohttp.ClientConnectorDNSError(KEY, OSError(None, "secret")),
            FetchUnreachable,
            "there is no such host",
        ),
        (
            aiohttp.ClientConnectorCertificateError(KEY, ssl.CertificateError("secret")),
            FetchUnreachable,
            "its certificate is not valid",
        ),
        (
            aiohttp.ClientConnectorError(KEY, OSError(errno.ECONNREFUSED, "secret")),
            FetchUnreachable,
            "connection refused",
        ),
        (
            aiohttp.ClientConnectorError(KEY, OSError(None, "secret")),
            FetchUnreachable,
            "no connection",
        ),
        (aiohttp.ClientPayloadError("secret"), FetchUnreachable, "the answer was cut off"),
        (aiohttp.InvalidURL("secret"), FetchRefused, "not a request that can be sent"),
        (ValueError("secret"), FetchRefused, "not a request that can be sent"),
        (
            aiohttp.ServerDisconnectedError("secret"),
            FetchUnreachable,
            "the connection broke (ServerDisconnectedError)",
        ),
    ],
)
def test_every_failure_has_its_words_and_tells_no_secret(
    error: Exception, fault: type[FetchFault], words: str
) -> None:
    told = _told(error, ASKED, 5.0)
    assert type(told) is fault
    assert str(told) == f"https://a.test:8443/flow: {words}"


def test_all_codes_say_where_they_come_from() -> None:
    codes = [fault.code for fault in FetchFault.__subclasses__()]
    assert len(codes) == len(set(codes)) == 6
    assert all(code.startswith("fetch_") for code in codes)
