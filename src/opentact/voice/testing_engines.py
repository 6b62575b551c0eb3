"""Paper twins of the engines a call uses: speech, sounds, the web, and the journal of its books.

Beside `voice/testing.py`, which has the caller's leg and its media.
"""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from sqlalchemy.ext.asyncio import AsyncSession

from opentact.kit.faults import Fault

from .fetching import MAX_BYTES, Fetched
from .speech import DriverInfo
from .voices import VoiceChoice


@dataclass
class PaperSpeech:
    """Speech that is a path with the text as its name; `fault` instead, `slow_s` later."""

    fault: Exception | None = None
    slow_s: float = 0.0

    async def speak(self, text: str, voice: VoiceChoice) -> Path:
        """Speak."""
        del voice
        await asyncio.sleep(self.slow_s)
        if self.fault is not None:
            raise self.fault
        return Path(f"said {text}")

    def drivers(self) -> list[DriverInfo]:
        """There is one, of paper."""
        return [DriverInfo("paper", available=True, why_not="", voices=("paper",))]

    async def close(self) -> None:
        """Nothing to stop."""


@dataclass
class PaperShelf:
    """Sounds by their URL or file name; `fault` instead."""

    fault: Exception | None = None

    async def from_url(self, url: str) -> Path:
        """Fetch."""
        if self.fault is not None:
            raise self.fault
        return Path(url)

    async def from_file(self, path: Path) -> Path:
        """Decode."""
        if self.fault is not None:
            raise self.fault
        return path


@dataclass
class PaperFetcher:
    """The web. `answers` by URL without its query, one by one; the last for all after it.

    An answer is a body, a whole `Fetched`, a fault to raise, or None for one that never comes.
    """

    answers: dict[str, list[bytes | Fetched | Fault | None]] = field(default_factory=dict)
    asked: list[dict[str, Any]] = field(default_factory=list)

    async def fetch(
        self,
        method: str,
        url: str,
        *,
        params: Sequence[tuple[str, str]] = (),
        headers: Sequence[tuple[str, str]] = (),
        json: object = None,
        body: bytes | None = None,
        timeout: float = 5.0,  # noqa: ASYNC109 - the port's
        max_bytes: int = MAX_BYTES,
        accept: str = "*/*",
    ) -> Fetched:
        """Answer as told."""
        self.asked.append(
            {
                "method": method,
                "url": url,
                "params": dict(params),
                "headers": dict(headers),
                "json": json,
                "body": body,
                "timeout": timeout,
                "max_bytes": max_bytes,
                "accept": accept,
            }
        )
        left = self.answers[url.partition("?")[0]]
        answer = left.pop(0) if len(left) > 1 else left[0]
        if answer is None:
            await asyncio.Event().wait()
        if isinstance(answer, Fault):
            raise answer
        if isinstance(answer, bytes):
            return Fetched(200, "text/xml", answer, url, 1.0)
        assert answer is not None  # noqa: S101 - None waits for ever above
        return answer


@dataclass
class PaperJournal:
    """A journal without a database, for work that needs none; it fails with `fault`."""

    fault: Exception | None = None
    tries: int = 0

    def later(self, work: Callable[[AsyncSession], Awaitable[None]]) -> "asyncio.Future[None]":
        """Do the work at once."""
        return asyncio.ensure_future(self._do(work))

    async def _do(self, work: Callable[[AsyncSession], Awaitable[None]]) -> None:
        self.tries += 1
        if self.fault is not None:
            raise self.fault
        await work(cast("AsyncSession", None))


def told_by_url(**answers: Sequence[bytes | Fetched | Fault | None]) -> PaperFetcher:
    """Make a web of `http://NAME.test/` addresses."""
    pages: dict[str, list[bytes | Fetched | Fault | None]] = defaultdict(list)
    for name, each in answers.items():
        pages[f"http://{name}.test/"] += each
    return PaperFetcher(dict(pages))
