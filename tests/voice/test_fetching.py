"""The port for web requests, and that what stands behind it fits."""

import inspect

from opentact.adapters.http.fetcher import Fetcher
from opentact.voice.fetching import Fetched, FetchPort


async def test_the_fetcher_is_one() -> None:
    port: FetchPort = Fetcher()

    offered, promised = inspect.signature(port.fetch), inspect.signature(FetchPort.fetch)
    assert [*offered.parameters.values()] == [*promised.parameters.values()][1:]


def test_answers_compare_by_value() -> None:
    answer = Fetched(200, "text/xml", b"<Response/>", "http://a.test/", 1.5)
    assert answer == Fetched(200, "text/xml", b"<Response/>", "http://a.test/", 1.5, {})
