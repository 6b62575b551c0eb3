"""The caller's line: signalling and audio of one leg, as one thing that can be over.

Two pumps turn what the leg and its media tell into the state of the line: the keys pressed,
the plays and recordings that ended, and the end of the call with its cause. Whoever waits for
something on the line waits through `until`, and is woken when the line is over as well.
"""

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol, TypeVar

from . import causes
from .causes import Cause
from .keys import Keys
from .media import (
    DigitHeard,
    Latched,
    MediaEvent,
    MediaGone,
    MediaLeg,
    MediaStats,
    Played,
    Recorded,
    RecordFailed,
    RtpTimeout,
)
from .sdp.faults import SdpRefused
from .sdp.offer_answer import Negotiated, accept, answer, make_offer
from .sip.effects import Acked, Cancelled, Failed, HungUp, LegEvent, NoAck, Reoffered

T = TypeVar("T")
RecordEnd = Recorded | RecordFailed


class SignallingLeg(Protocol):
    """What the line needs of a received SIP call (adapters/sip)."""

    call_id: str
    offer: bytes | None
    events: asyncio.Queue[LegEvent]

    def ring(self, sdp: bytes | None = None, status: int = 180) -> None:
        """Say that it rings, or send early media."""

    def answer(self, sdp: bytes) -> None:
        """Answer."""

    def hangup(self, *, reason: str | None = None) -> None:
        """End the call whatever its state."""

    def reanswer(self, sdp: bytes) -> None:
        """Accept a re-INVITE."""

    def refuse_reoffer(self, status: int = 488) -> None:
        """Refuse a re-INVITE; the call goes on as it was."""


class Over(Exception):  # noqa: N818 - no error: what was waited for will not come
    """The line is over, or what ran on it is to stop."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class Line:
    """One leg with its audio."""

    def __init__(self, leg: SignallingLeg, media: MediaLeg) -> None:
        """Begin to listen; set `on_over` to be told once, when the line's end is decided."""
        self.leg = leg
        self.media = media
        self.keys = Keys()
        self.answered = False
        self.latched: tuple[str, int] | None = None
        self.over: Cause | None = None
        self.on_over: Callable[[], None] = lambda: None
        self._session_id = secrets.randbits(62)
        self._sdp: bytes | None = None
        self._agreed: Negotiated | None = None
        self._early = False
        self._next = 0
        self._plays: dict[int, asyncio.Future[Played]] = {}
        self._records: dict[int, Callable[[RecordEnd], None]] = {}
        self._pumps = [
            asyncio.create_task(self._hear_leg(), name=f"leg {leg.call_id}"),
            asyncio.create_task(self._hear_media(), name=f"media {leg.call_id}"),
        ]

    def negotiate(self) -> None:
        """Answer the caller's offer, without sending it yet. Raises `SdpRefused`."""
        if self.leg.offer is not None:
            self._sdp, self._agreed = answer(
                self.leg.offer,
                host=self.media.host,
                port=self.media.port,
                session_id=self._session_id,
            )

    def pick_up(self) -> None:
        """Answer the call; without an offer of the caller's we make ours."""
        if self.answered or self.over:
            return
        self.answered = True
        if self._sdp is None:
            self._sdp = make_offer(
                host=self.media.host, port=self.media.port, session_id=self._session_id
            )
        self.leg.answer(self._sdp)
        self._connect()

    def play_early(self) -> bool:
        """Make sure the caller hears us, by early media (183) if it is not answered yet.

        False if that cannot be: the caller sent no offer.
        """
        if self.answered or self._early:
            return True
        if self._agreed is None or self._sdp is None:
            return False
        self._early = True
        self.leg.ring(self._sdp, 183)
        self._connect()
        return True

    def play(self, audio: Path, loop: int = 1) -> "asyncio.Future[Played]":
        """Play a file after what plays now; the future tells how it ended."""
        number = self._number()
        future: asyncio.Future[Played] = asyncio.get_running_loop().create_future()
        self._plays[number] = future
        self.media.play(number, audio, loop)
        return future

    def record(
        self,
        path: Path,
        ended: Callable[[RecordEnd], None],
        *,
        max_ms: int | None,
        silence_ms: int | None,
    ) -> int:
        """Record the caller; `ended` is called once. Returns the number to stop it by."""
        number = self._number()
        self._records[number] = ended
        self.media.record(number, path, max_ms=max_ms, silence_ms=silence_ms)
        return number

    def end(self, cause: Cause) -> None:
        """Decide the end of the line; the first who decides is right."""
        if self.over is not None:
            return
        self.over = cause
        self.on_over()

    def hang_up(self) -> None:
        """Tell the far end, unless it was the one to go."""
        reason = self.over.reason_header if self.over else None
        self.leg.hangup(reason=reason)

    async def close(self) -> MediaStats:
        """Free the audio, and let what waits for it know."""
        stats = await self.media.close()
        # Recordings finish as the media closes; their ends are in the queue by now.
        while not self.media.events.empty():
            self._on_media(self.media.events.get_nowait())
        for pump in self._pumps:
            pump.cancel()
        await asyncio.gather(*self._pumps, return_exceptions=True)
        for ended in [*self._records.values()]:
            ended(RecordFailed(0, "the media engine never said how it ended"))
        self._records.clear()
        return stats

    def _number(self) -> int:
        self._next += 1
        return self._next

    def _connect(self) -> None:
        if self._agreed is not None:
            self.media.connect(self._agreed)

    async def _hear_leg(self) -> None:
        while True:
            self._on_leg(await self.leg.events.get())

    async def _hear_media(self) -> None:
        while True:
            self._on_media(await self.media.events.get())

    def _on_leg(self, event: LegEvent) -> None:
        match event:
            case Cancelled():
                self.end(causes.CALLER_CANCELLED)
            case HungUp():
                self.end(causes.CALLER_HUNG_UP)
            case NoAck():
                self.end(causes.NO_ACK)
            case Failed():
                self.end(causes.SERVER_STOPPED)
            case Acked(sdp, again=False):
                self._on_ack(sdp)
            case Reoffered(offer):
                self._on_reoffer(offer)
            case _:
                pass

    def _on_ack(self, sdp: bytes | None) -> None:
        if self._agreed is not None or self._sdp is None:
            return
        try:
            self._agreed = accept(self._sdp, sdp or b"")
        except SdpRefused:
            self.end(causes.NO_COMMON_CODEC if sdp else causes.BAD_SDP)
            return
        self._connect()

    def _on_reoffer(self, offer: bytes | None) -> None:
        if offer is None:
            # The peer wants an offer: what we have is offered again, unchanged.
            self.leg.reanswer(self._sdp or b"")
            return
        try:
            self._sdp, self._agreed = answer(
                offer,
                host=self.media.host,
                port=self.media.port,
                session_id=self._session_id,
                previous=self._sdp,
            )
        except SdpRefused as refused:
            self.leg.refuse_reoffer(refused.status)
            return
        self.leg.reanswer(self._sdp)
        self._connect()

    def _on_media(self, event: MediaEvent) -> None:
        match event:
            case DigitHeard(digit):
                self.keys.press(digit)
            case Played(play):
                future = self._plays.pop(play, None)
                if future is not None and not future.done():
                    future.set_result(event)
            case Recorded(record) | RecordFailed(record):
                ended = self._records.pop(record, None)
                if ended is not None:
                    ended(event)
            case Latched(address):
                self.latched = address
            case RtpTimeout():
                self.end(causes.NO_RTP)
            case MediaGone(reason):
                self._media_gone(reason)

    def _media_gone(self, reason: str) -> None:
        for ended in [*self._records.values()]:
            ended(RecordFailed(0, reason))
        self._records.clear()
        self.end(causes.MEDIA_GONE)


async def first(
    awaited: Awaitable[T],
    stop: "asyncio.Future[str]",
    timeout: float | None = None,  # noqa: ASYNC109 - a wait with two ends is what this is
) -> T:
    """Wait for something, unless `stop` is set (`Over`) or time runs out (`TimeoutError`)."""
    future = asyncio.ensure_future(awaited)
    both: set[asyncio.Future[Any]] = {future, stop}
    await asyncio.wait(both, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
    if stop.done() or not future.done():
        future.cancel()
        with suppress(asyncio.CancelledError, Exception):
            await future
        if stop.done():
            raise Over(stop.result())
        raise TimeoutError
    return future.result()
