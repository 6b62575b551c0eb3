"""The caller's line: signalling and audio of one leg, as one thing that can be over.

Two pumps turn what the leg and its media tell into the state of the line: the keys pressed,
the plays and recordings that ended, and the end of the call with its cause. The first cause
decided is the cause; `on_over` is told once.
"""

import asyncio
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Protocol, TypeVar

import structlog

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
from .sdp.faults import BadSdp, SdpRefused
from .sdp.offer_answer import Negotiated, accept, answer, make_offer
from .sip.effects import Acked, Cancelled, Expired, Failed, HungUp, LegEvent, NoAck, Reoffered

CLOSE_S = 10.0  # for the media engine to write out recordings; one that hangs ends no call late
T = TypeVar("T")
RecordEnd = Recorded | RecordFailed
log = structlog.get_logger(__name__)


class SignallingLeg(Protocol):
    """What the line needs of a received SIP call (adapters/sip). Too late is no error."""

    call_id: str
    offer: bytes | None
    events: asyncio.Queue[LegEvent]

    def ring(self, sdp: bytes | None = None, status: int = 180) -> None:
        """Say that it rings, or send early media."""

    def answer(self, sdp: bytes) -> None:
        """Answer."""

    def reject(self, status: int, phrase: str | None = None, *, reason: str | None = None) -> None:
        """Refuse the call."""

    def hangup(self, *, reason: str | None = None) -> None:
        """End the call whatever its state."""

    def reanswer(self, sdp: bytes) -> None:
        """Accept a re-INVITE."""

    def refuse_reoffer(self, status: int = 488) -> None:
        """Refuse a re-INVITE; the call goes on as it was."""


class Line:
    """One leg with its audio.

    `audio` is done once the media knows its peer. `on_key` is shown each key, and tells whether
    it used the key up; the others are kept in `keys`.
    """

    def __init__(self, leg: SignallingLeg, media: MediaLeg) -> None:
        """Begin to listen; set `on_over` to be told once, when the line's end is decided."""
        self.leg = leg
        self.media = media
        self.keys = Keys()
        self.answered = False
        self.latched: tuple[str, int] | None = None
        self.over: Cause | None = None
        self.audio: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.on_over: Callable[[], None] = _nothing
        self.on_key: Callable[[str], bool] = _unused
        self._session_id = secrets.randbits(62)
        self._sdp: bytes | None = None
        self._agreed: Negotiated | None = None
        self._early = False
        self._next = 0
        self._plays: dict[int, asyncio.Future[Played]] = {}
        self._records: dict[int, Callable[[RecordEnd], None]] = {}
        self._pumps = [
            asyncio.create_task(self._pump(leg.events, self._on_leg), name=f"leg {leg.call_id}"),
            asyncio.create_task(
                self._pump(media.events, self._on_media), name=f"media {leg.call_id}"
            ),
        ]

    def negotiate(self) -> None:
        """Answer the caller's offer, without sending it yet. Raises `SdpRefused`."""
        if self.leg.offer is not None:
            self._answer_offer(self.leg.offer)

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
        """Make sure the caller can hear us, by early media (183) if it is not answered yet.

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
        """Tell the far end, unless it was the one to go: by its status, or by BYE."""
        cause = self.over or causes.INTERNAL
        if self.answered:
            self.leg.hangup(reason=cause.reason_header)
        else:
            self.leg.reject(cause.sip, reason=cause.reason_header)

    async def close(self) -> MediaStats:
        """Free the audio, and let what waits for it know. Never fails; twice is once."""
        stats = MediaStats()
        try:
            async with asyncio.timeout(CLOSE_S):
                stats = await self.media.close()
        except Exception:
            log.exception("media_close_failed", leg=str(self.media.leg))
        # Recordings finish as the media closes; their ends are in the queue by now.
        while not self.media.events.empty():
            self._on_media(self.media.events.get_nowait())
        for pump in self._pumps:
            pump.cancel()
        await asyncio.gather(*self._pumps, return_exceptions=True)
        self._fail_records("the media engine never said how it ended")
        self.audio.cancel()
        # Who looks after the line holds it as well: without these, the collector of cycles would
        # have every call to look through.
        self.on_over, self.on_key = _nothing, _unused
        self._pumps.clear()
        return stats

    def _number(self) -> int:
        self._next += 1
        return self._next

    def _answer_offer(self, offer: bytes) -> None:
        self._sdp, self._agreed = answer(
            offer,
            host=self.media.host,
            port=self.media.port,
            session_id=self._session_id,
            previous=self._sdp,
        )

    def _connect(self) -> None:
        if self._agreed is not None:
            self.media.connect(self._agreed)
            if not self.audio.done():
                self.audio.set_result(None)

    async def _pump(self, queue: "asyncio.Queue[T]", take: Callable[[T], None]) -> None:
        while True:
            event = await queue.get()
            try:
                take(event)
            except Exception:
                # A pump that stopped would leave a call that nobody can end.
                log.exception("line_event_failed", leg=self.leg.call_id, event_=repr(event))
                self.end(causes.INTERNAL)

    def _on_leg(self, event: LegEvent) -> None:
        match event:
            case Cancelled():
                self.end(causes.CALLER_CANCELLED)
            case HungUp():
                self.end(causes.CALLER_HUNG_UP)
            case NoAck():
                self.end(causes.NO_ACK)
            case Expired():
                self.end(causes.PEER_GONE)
            case Failed():
                self.end(causes.SERVER_STOPPED)
            case Acked(sdp, again):
                self._on_ack(sdp, again=again)
            case Reoffered(offer):
                self._on_reoffer(offer)
            case _:
                pass

    def _on_ack(self, sdp: bytes | None, *, again: bool) -> None:
        """Read the peer's answer, if the offer was ours."""
        if self._sdp is None or (sdp is None if again else self._agreed is not None):
            return
        try:
            self._agreed = accept(self._sdp, sdp or b"")
        except SdpRefused as refused:
            if not again:
                bad = isinstance(refused, BadSdp)
                self.end(causes.BAD_SDP if bad else causes.NO_COMMON_CODEC)
            return
        self._connect()

    def _on_reoffer(self, offer: bytes | None) -> None:
        if offer is None:
            # The peer wants an offer: what we have is offered again, unchanged.
            self.leg.reanswer(self._sdp or b"")
            return
        try:
            self._answer_offer(offer)
        except SdpRefused as refused:
            self.leg.refuse_reoffer(refused.status)
            return
        self.leg.reanswer(self._sdp or b"")
        self._connect()

    def _on_media(self, event: MediaEvent) -> None:
        match event:
            case DigitHeard(digit):
                if not self.on_key(digit):
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
                self._fail_records(reason)
                self.end(causes.MEDIA_GONE)

    def _fail_records(self, reason: str) -> None:
        records, self._records = self._records, {}
        for number, ended in records.items():
            ended(RecordFailed(number, reason))


def _nothing() -> None:
    """Stand in for who is told of a line's end."""


def _unused(_key: str) -> bool:
    """Stand in for who is shown the keys."""
    return False
