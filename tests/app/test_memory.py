"""The collector looks through everything when nobody calls, or after a long while."""

import asyncio
import gc
from collections.abc import Callable

import pytest

from opentact.app.memory import tidy
from support.virtual_time import passes, virtually


@pytest.fixture
def passes_made(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    made: list[int] = []
    monkeypatch.setattr(gc, "collect", lambda: made.append(1))
    return made


async def tidied_for(seconds: float, is_quiet: Callable[[], bool]) -> None:
    task = asyncio.create_task(tidy(is_quiet))
    await passes(seconds)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


@virtually
async def test_a_quiet_server_is_tidied_every_half_minute(passes_made: list[int]) -> None:
    await tidied_for(95, lambda: True)
    assert len(passes_made) == 3


@virtually
async def test_a_busy_one_only_every_ten_minutes(passes_made: list[int]) -> None:
    await tidied_for(1250, lambda: False)
    assert len(passes_made) == 2
