"""What the tests of web requests ask for."""

from collections.abc import AsyncIterator

import pytest

from opentact.adapters.http.fetcher import Fetcher


@pytest.fixture
async def fetcher() -> AsyncIterator[Fetcher]:
    """A fetcher that may ask loopback."""
    fetcher = Fetcher()
    yield fetcher
    await fetcher.close()
