"""Ears on the engines of a node: what they tell and are asked is kept with the call it is about.

The engines do not know of it. Web requests find their call by the task that asks.
"""

import asyncio
from typing import Any
from uuid import UUID

from opentact.kit.faults import Fault
from opentact.voice.fetching import Fetched, FetchPort
from opentact.voice.media import (
    DigitHeard,
    Latched,
    MediaEngine,
    MediaEvent,
    MediaGone,
    MediaLeg,
    RecordFailed,
    RtpTimeout,
)

from .secrets import masked_url
from .traces import Trace, Traces, current

LONGEST_URL = 500  # characters


class WatchedMedia:
    """A media engine whose legs' keys and troubles are kept."""

    def __init__(self, engine: MediaEngine, traces: Traces) -> None:
        self._engine = engine
        self._traces = traces

    async def open(self, leg: UUID, host: str) -> MediaLeg:
        """Bind a leg."""
        opened = await self._engine.open(leg, host)
        opened.events = _Ear(leg, self._traces, current.get())
        return opened

    def snapshot(self) -> list[dict[str, object]]:
        """Tell of each leg what it does."""
        return self._engine.snapshot()

    async def close(self) -> None:
        """Close all legs."""
        await self._engine.close()


class _Ear(asyncio.Queue[MediaEvent]):
    """The events of a leg, noted as they are told."""

    def __init__(self, leg: UUID, traces: Traces, trace: Trace | None) -> None:
        """`trace` is of the call that opened the leg, if the leg is not a call by itself."""
        super().__init__()
        self._leg = leg
        self._traces = traces
        self._trace = trace

    def put_nowait(self, item: MediaEvent) -> None:
        """Note what is worth it, and queue it."""
        noted = _noted(item)
        if noted is not None and not self._traces.note(self._leg, *noted) and self._trace:
            self._traces.note_on(self._trace, str(self._leg), *noted)
        super().put_nowait(item)


def _noted(event: MediaEvent) -> tuple[str, dict[str, Any]] | None:
    match event:
        case DigitHeard(digit, _, duration_ms, kind):
            return "digit", {"digit": digit, "ms": duration_ms, "kind": kind}
        case Latched(address):
            return "media", {"fact": "latched", "from": "{}:{}".format(*address)}
        case RtpTimeout(seconds):
            return "media", {"fact": "rtp_timeout", "seconds": seconds}
        case RecordFailed(_, reason):
            return "media", {"fact": "record_failed", "reason": reason}
        case MediaGone(reason):
            return "media", {"fact": "media_gone", "reason": reason}
    return None


class WatchedFetcher:
    """A fetcher whose requests are kept with their answer and the time it took."""

    def __init__(self, fetcher: FetchPort, traces: Traces) -> None:
        self._fetcher = fetcher
        self._traces = traces

    async def fetch(self, method: str, url: str, **asked: Any) -> Fetched:
        """Ask, as the port says."""
        began = asyncio.get_running_loop().time()
        what: dict[str, Any] = {"method": method, "url": masked_url(url)[:LONGEST_URL]}
        try:
            fetched = await self._fetcher.fetch(method, url, **asked)
        except Fault as fault:
            what |= {"failed": fault.code, "reason": str(fault)}
            raise
        except asyncio.CancelledError:
            what |= {"failed": "given_up", "reason": "the call did not wait for the answer"}
            raise
        else:
            what |= {"status": fetched.status, "type": fetched.content_type}
            what["bytes"] = len(fetched.body)
            return fetched
        finally:
            took = asyncio.get_running_loop().time() - began
            what["ms"] = round(took * 1000)
            trace = current.get()
            if trace is not None:
                self._traces.note_on(trace, str(trace.root), "web", what, ago=took)
