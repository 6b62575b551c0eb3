"""One request, written out and checked before it is sent.

Its URL, headers and body come from customers; what a redirect makes of it, from strangers.
"""

import json as jsons
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from yarl import URL

from .faults import FetchRedirects, FetchRefused

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"})

_URL_LIMIT = 8000
"""Characters; servers commonly refuse request lines beyond 8 kB."""

_HEADERS_LIMIT = 50
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}")
_HEADER_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]{0,4000}")
_OURS = frozenset(
    {"host", "content-length", "transfer-encoding", "connection", "upgrade", "te", "trailer"}
    | {"expect", "accept-encoding", "proxy-authorization", "proxy-connection", "keep-alive"}
)
"""Headers that frame the message or name its target; a customer setting them could lie."""

_SECRETS = frozenset({"authorization", "cookie"})
_READY = re.compile(r"[!#$%&'()*+,./:;=?@\[\]~0-9A-Z_a-z-]+")


@dataclass(frozen=True, slots=True)
class Asked:
    """A request, ready to be sent."""

    method: str
    url: URL
    headers: Mapping[str, str]
    body: bytes | None

    @property
    def shown(self) -> str:
        """The URL without user and query, for messages."""
        return f"{self.url.scheme}://{self.url.host}{_port(self.url)}{self.url.path}"[:200]

    def redirected(self, status: int, location: str) -> "Asked":
        """Tell the request that follows, as browsers make it (Fetch standard, HTTP-redirect)."""
        target = self.url.join(parse_url(location, relative=True)).with_fragment(None)
        check_url(target)
        if self.url.scheme == "https" and target.scheme != "https":
            raise FetchRedirects(f"{self.shown} redirects from https to {target.scheme}")
        then = replace(self, url=target)
        as_get = (status in {301, 302} and self.method == "POST") or (
            status == 303 and self.method not in {"GET", "HEAD"}  # noqa: PLR2004 - See Other
        )
        if as_get:
            then = replace(then, method="GET", body=None).without({"content-type"})
        return then if target.origin() == self.url.origin() else then.without(_SECRETS)

    def without(self, names: set[str] | frozenset[str]) -> "Asked":
        kept = {name: value for name, value in self.headers.items() if name.lower() not in names}
        return replace(self, headers=kept)


def write_request(
    method: str,
    url: str,
    *,
    params: Sequence[tuple[str, str]],
    headers: Sequence[tuple[str, str]],
    json: object,
    body: bytes | None,
    accept: str,
) -> Asked:
    """Check and assemble; raises `FetchRefused` for what we would not send."""
    if method.upper() not in METHODS:
        raise FetchRefused(f"{method[:20]!r} is no method we use; take one of {sorted(METHODS)}")
    target = with_params(parse_url(url), params)
    check_url(target)
    all_headers = {"Accept": accept}
    if json is not None:
        body = jsons.dumps(json, ensure_ascii=False).encode()
        all_headers["Content-Type"] = "application/json"
    given = _checked(headers)
    names = {name.lower() for name in given}
    kept = {name: value for name, value in all_headers.items() if name.lower() not in names}
    return Asked(method.upper(), target, kept | given, body)


def parse_url(url: str, *, relative: bool = False) -> URL:
    """Read a URL, keeping its escapes as they are if it is well written."""
    if len(url) > _URL_LIMIT:
        raise FetchRefused(f"the URL is longer than {_URL_LIMIT:,} characters")
    url = url.strip()
    try:
        parsed = URL(url, encoded=bool(_READY.fullmatch(url)))
        _ = parsed.port  # read on demand, and only then found wrong
    except ValueError as error:
        raise FetchRefused(f"not a URL: {str(error)[:100]}") from None
    if not relative and not parsed.host:
        raise FetchRefused("not a whole URL: it needs http:// or https:// and a host")
    return parsed


def check_url(url: URL) -> None:
    """Refuse other schemes than http and https, and URLs without a host."""
    if url.scheme not in {"http", "https"}:
        raise FetchRefused(f"{url.scheme[:20]!r} is no scheme we ask; take http or https")
    if not url.host or url.port == 0:
        raise FetchRefused("not a whole URL: it needs a host")


def with_params(url: URL, params: Sequence[tuple[str, str]]) -> URL:
    """Add to the query, leaving what is there untouched, byte for byte."""
    if not params:
        return url.with_fragment(None)
    there, added = url.raw_query_string, urlencode(params)
    text = f"{url.origin()}{url.raw_path}?{there}{'&' if there else ''}{added}"
    whole = URL(text, encoded=True)
    return whole.with_user(url.user).with_password(url.password) if url.user else whole


def _checked(headers: Sequence[tuple[str, str]]) -> dict[str, str]:
    if len(headers) > _HEADERS_LIMIT:
        raise FetchRefused(f"more than {_HEADERS_LIMIT} headers")
    for name, value in headers:
        if name.lower() in _OURS:
            raise FetchRefused(f"the header {name} is ours to set")
        if not _HEADER_NAME.fullmatch(name) or not _HEADER_VALUE.fullmatch(value):
            raise FetchRefused(f"not a header: {name[:40]!r}")
    return dict(headers)


def _port(url: URL) -> str:
    return f":{url.explicit_port}" if url.explicit_port else ""
