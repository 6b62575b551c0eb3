"""Web requests as the domain sees them: ask a URL a customer gave us, get bytes or a fault.

What stands behind it refuses addresses inside the network and answers that never end; its
faults carry codes that begin with `fetch_`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

FLOW_BYTES = 64 * 1024
"""Of a call flow: the largest document the reader takes (spec/11 D-13)."""

XML_TYPES = "application/xml, text/xml;q=0.9, */*;q=0.1"
"""What is asked for where a call flow is expected."""

MAX_BYTES = 1024 * 1024
"""Default for one answer: a call flow of a megabyte is longer than any call."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """An answer: 2xx, or the 304 a conditional request asked for.

    `content_type` is in lower case and without parameters, empty when not sent; `headers` has
    lower-case names, the last of equal ones; `url` is where the answer came from after
    redirects; `ms` is the time it took.
    """

    status: int
    content_type: str
    body: bytes
    url: str
    ms: float
    headers: Mapping[str, str] = field(default_factory=dict)


class FetchPort(Protocol):
    """Asks a URL, within limits."""

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
        """Ask; `params` are added to what query the URL has, `timeout` is in seconds.

        Raises a fault whose code begins with `fetch_`.
        """
