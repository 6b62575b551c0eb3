"""Sound files to be played, fetched from customers' URLs and kept for a while as samples.

What comes from a URL is decoded in a process of its own (docs/decisions/0028). A URL is asked
again after a minute, or when its server says; an unchanged file is not sent twice, and one
that many calls want at once is fetched and decoded once.
"""

import asyncio
import hashlib
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from opentact.adapters.http.faults import FetchFault, FetchTooLarge
from opentact.voice.fetching import Fetched, FetchPort

from .faults import AudioNotUnderstood, AudioTooLong, AudioUnreachable
from .flights import Flights
from .store import MEGABYTE, Store
from .worker import WorkerDied, WorkerHung, Workers

MAX_FILE = 10 * MEGABYTE
MAX_SECONDS = 600.0
KEPT_SECONDS = 60.0
"""For which a URL is not asked again, unless its server says otherwise."""

_LONGEST_KEPT = 3600.0
_MOST_URLS = 10_000
"""URLs remembered: a megabyte or two; of older ones only the decoded sound is kept."""

_MOST_FILES = 64
"""Fetched and decoded at a time: up to 10 MB each while they last."""

_LONGEST_TAG = 1000
_FETCH_TIMEOUT = 10.0
_DECODE_TIMEOUT = 20.0
_MODULE = "opentact.adapters.audio.process"


@dataclass(frozen=True, slots=True)
class _Known:
    """What a URL gave, under which name it is stored, and for how long that holds."""

    name: str
    fresh_until: float
    conditions: tuple[tuple[str, str], ...]


class AudioShelf:
    """Sound as raw s16le mono samples at 8 kHz, from URLs and files."""

    def __init__(
        self,
        fetcher: FetchPort,
        folder: Path,
        *,
        max_bytes: int = 512 * MEGABYTE,
        workers: int = 1,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """Keep at most `max_bytes` of samples in `folder`; `now` is in seconds."""
        self._fetcher = fetcher
        self._store = Store(folder, max_bytes=max_bytes)
        self._workers = Workers(_MODULE, count=workers, timeout=_DECODE_TIMEOUT)
        self._now = now
        self._known: OrderedDict[str, _Known] = OrderedDict()
        self._slots = asyncio.Semaphore(_MOST_FILES)
        self._urls: Flights[str, Path] = Flights()
        self._decodings: Flights[str, Path] = Flights()

    async def from_url(self, url: str) -> Path:
        """Get what the URL gives.

        Raises `AudioUnreachable`, `AudioNotUnderstood` or `AudioTooLong`.
        """
        known = self._known.get(url)
        if known and self._now() < known.fresh_until and (path := self._store.find(known.name)):
            return path
        return await self._urls.join(url, lambda: self._in_a_slot(url))

    async def from_file(self, path: Path) -> Path:
        """Decode a file of ours; raises `AudioNotUnderstood` or `AudioTooLong`."""
        return await self._decoded(await asyncio.to_thread(_read, path), path.name)

    async def close(self) -> None:
        """Stop what is under way."""
        await self._urls.close()
        await self._decodings.close()
        await self._workers.close()

    async def _in_a_slot(self, url: str) -> Path:
        async with self._slots:
            return await self._fetch(url)

    async def _fetch(self, url: str) -> Path:
        known = self._known.get(url)
        stored = self._store.find(known.name) if known else None
        try:
            answer = await self._fetcher.fetch(
                "GET",
                url,
                headers=known.conditions if known and stored else (),
                timeout=_FETCH_TIMEOUT,
                max_bytes=MAX_FILE,
                accept="audio/*, application/ogg, */*;q=0.1",
            )
        except FetchTooLarge as fault:
            raise AudioTooLong(f"the file is larger than {MAX_FILE // MEGABYTE} MB") from fault
        except FetchFault as fault:
            raise AudioUnreachable(str(fault), meta=fault.code) from fault
        fresh_until = self._now() + kept_for(answer.headers)
        if answer.status == 304 and known and stored:  # noqa: PLR2004 - Not Modified
            self._remember(url, replace(known, fresh_until=fresh_until))
            return stored
        path = await self._decoded(answer.body, f"what {_shown(answer)} answered")
        self._remember(url, _Known(path.stem, fresh_until, _conditions(answer.headers)))
        return path

    def _remember(self, url: str, known: _Known) -> None:
        self._known[url] = known
        self._known.move_to_end(url)
        while len(self._known) > _MOST_URLS:
            self._known.popitem(last=False)

    async def _decoded(self, data: bytes, what: str) -> Path:
        """Find the samples of these bytes, or make them; the same bytes are decoded once."""
        name = (await asyncio.to_thread(hashlib.sha256, data)).hexdigest()
        return self._store.find(name) or await self._decodings.join(
            name, lambda: self._decode(name, data, what)
        )

    async def _decode(self, name: str, data: bytes, what: str) -> Path:
        source, target = self._store.part(), self._store.part()
        try:
            await asyncio.to_thread(source.write_bytes, data)
            question = {
                "source": str(source),
                "target": str(target),
                "max_seconds": MAX_SECONDS,
            }
            answer = await self._workers.ask(question)
            why = f"{what}: {answer.get('why')}"
            if answer.get("refused") == "too_long":
                raise AudioTooLong(why)
            if "samples" not in answer:
                raise AudioNotUnderstood(why)
            return self._store.put(name, target)
        except WorkerHung as error:
            raise AudioNotUnderstood(f"{what}: decoding it took too long") from error
        except WorkerDied as error:
            raise AudioNotUnderstood(f"{what}: the decoder broke over it") from error
        finally:
            source.unlink(missing_ok=True)
            target.unlink(missing_ok=True)


def kept_for(headers: Mapping[str, str]) -> float:
    """Read for how many seconds an answer holds from its Cache-Control (RFC 9111 5.2.2)."""
    directives = dict(
        part.strip().lower().partition("=")[::2]
        for part in headers.get("cache-control", "").split(",")
    )
    if "no-store" in directives or "no-cache" in directives:
        return 0.0
    age = directives.get("max-age", "").strip('"')
    if age.isascii() and age.isdigit():
        return min(float(age[:9]), _LONGEST_KEPT)
    return KEPT_SECONDS


def _read(path: Path) -> bytes:
    with path.open("rb") as file:
        data = file.read(MAX_FILE + 1)
    if len(data) > MAX_FILE:
        raise AudioTooLong(f"{path.name} is larger than {MAX_FILE // MEGABYTE} MB")
    return data


def _conditions(headers: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """Make the headers that ask whether it has changed, from what the answer said of itself."""
    pairs = (("etag", "If-None-Match"), ("last-modified", "If-Modified-Since"))
    for said, asked in pairs:
        value = headers.get(said, "")
        # A stranger wrote it: what no request may carry is as good as nothing.
        if value.isascii() and value.isprintable() and 0 < len(value) <= _LONGEST_TAG:
            return ((asked, value),)
    return ()


def _shown(answer: Fetched) -> str:
    where = answer.url.partition("?")[0]
    return f"{where} ({answer.content_type or 'of no type'})"
