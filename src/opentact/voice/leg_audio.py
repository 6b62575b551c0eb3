"""The audio of one leg of a call that can be over: what plays, what records, the keys pressed.

What the media leg tells becomes state and futures here; the signalling is what differs between
a leg that arrived (voice/line.py) and one that went out (voice/called_line.py). The first cause
decided is the cause; `on_over` is told once.
"""

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal, Protocol

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
from .rtp.tones import Tone
from .sdp.offer_answer import Negotiated
from .sip.effects import InfoReceived
from .sip.info_digits import InfoDigit, read_info_digit, write_info_digit

CLOSE_S = 10.0  # for the media engine to write out recordings; one that hangs ends no call late
RecordEnd = Recorded | RecordFailed
log = structlog.get_logger(__name__)


class Informed(Protocol):
    """The signalling of a leg, as far as keys go by it."""

    @property
    def takes_info(self) -> bool | None:
        """Whether the peer takes INFO; None if it never said."""

    def inform(self, content_type: str, body: bytes) -> None:
        """Send an INFO within the call."""


class LegAudio:
    """One leg's audio.

    `audio` is done once the media knows its peer. `on_key` is shown each key, and tells whether
    it used the key up; the others are kept in `keys`. `on_hold` hears that the peer holds the
    call, and that it goes on.
    """

    def __init__(self, media: MediaLeg) -> None:
        """Begin to listen to the media."""
        self.media = media
        self.keys = Keys()
        self.latched: tuple[str, int] | None = None
        self.over: Cause | None = None
        self.held = False
        self.signalling: Informed | None = None
        self.audio: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.on_over: Callable[[], None] = nothing
        self.on_key: Callable[[str], bool] = _unused
        self.on_hold: Callable[[bool], None] = _unheard
        self._next = 0
        self._other: LegAudio | None = None
        self._takes_events = False
        self._plays: dict[int, asyncio.Future[Played]] = {}
        self._records: dict[int, Callable[[RecordEnd], None]] = {}
        self._pumps = [
            asyncio.create_task(pump(media.events, self._hear_media), name=f"media {media.leg}")
        ]

    def play(self, audio: Path, loop: int = 1, *, mix: bool = False) -> "asyncio.Future[Played]":
        """Play a file after what plays now; the future tells how it ended."""
        number, future = self._play()
        self.media.play(number, audio, loop, mix=mix)
        return future

    def tones(
        self, tones: Sequence[Tone], loop: int = 1, *, mix: bool = False
    ) -> "asyncio.Future[Played]":
        """Play tones after what plays now, 0 times for until stopped."""
        number, future = self._play()
        self.media.tones(number, tones, loop, mix=mix)
        return future

    def press(self, key: str) -> None:
        """Take a key that the peer pressed."""
        if not self.on_key(key):
            self.keys.press(key)

    def send_key(self, key: InfoDigit) -> None:
        """Send the peer a key: as a telephone event, else by INFO, else as its sound.

        A peer on hold hears nothing, and is not told later what was pressed meanwhile.
        """
        leg = self.signalling
        informs = leg is not None and leg.takes_info
        if not self.held and (self._takes_events or not informs):
            self.media.send_digits(self._play()[0], key.digit, key.tone_ms)
        elif leg is not None and informs:
            leg.inform(*write_info_digit(key))

    def bridge(self, other: "LegAudio") -> None:
        """Let the two hear each other, and each other's keys, however they come.

        What is pressed in the audio crosses there; what comes by INFO, here.
        """
        self._let_go()
        other._let_go()  # noqa: SLF001 - another of us
        self.media.bridge(other.media)
        self._other, other._other = other, self  # noqa: SLF001 - another of us

    def unbridge(self) -> None:
        """Let them go their own ways again; nothing if there is no other."""
        if self._other is not None:
            self._let_go()
            self.media.unbridge()

    def record(
        self,
        path: Path,
        ended: Callable[[RecordEnd], None],
        *,
        max_ms: int | None = None,
        silence_ms: int | None = None,
        channels: Literal[1, 2] = 1,
        format: Literal["wav", "mp3"] = "wav",  # noqa: A002 - the port's
        both: bool = False,
    ) -> int:
        """Record the peer; `ended` is called once. Returns the number to stop it by."""
        number = self._number()
        self._records[number] = ended
        self.media.record(
            number,
            path,
            max_ms=max_ms,
            silence_ms=silence_ms,
            channels=channels,
            format=format,
            both=both,
        )
        return number

    def end(self, cause: Cause) -> None:
        """Decide the end of the leg; the first who decides is right."""
        if self.over is not None:
            return
        self.over = cause
        self.on_over()

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
        for each in self._pumps:
            each.cancel()
        await asyncio.gather(*self._pumps, return_exceptions=True)
        self._fail_records("the media engine never said how it ended")
        self.audio.cancel()
        # Who looks after the leg holds it as well: without these, the collector of cycles would
        # have every call to look through.
        self.on_over, self.on_key, self.on_hold = nothing, _unused, _unheard
        self.signalling = None
        self._let_go()
        self._pumps.clear()
        return stats

    def _connected(self, agreed: Negotiated) -> None:
        """Let audio flow as agreed, and tell of a hold that begins or ends with it."""
        self.media.connect(agreed)
        self._takes_events = agreed.dtmf_payload is not None
        if not self.audio.done():
            self.audio.set_result(None)
        held = not agreed.sends
        if held != self.held:
            self.held = held
            self.on_hold(held)

    def _informed(self, event: InfoReceived) -> None:
        """Take what an INFO tells: a key, for whoever waits for keys and for the other leg."""
        key = read_info_digit(event.content_type, event.body)
        if key is None:
            return
        self.press(key.digit)
        if self._other is not None:
            self._other.send_key(key)

    def _let_go(self) -> None:
        other, self._other = self._other, None
        if other is not None:
            other._other = None  # noqa: SLF001 - another of us

    def _play(self) -> tuple[int, "asyncio.Future[Played]"]:
        number = self._number()
        future: asyncio.Future[Played] = asyncio.get_running_loop().create_future()
        self._plays[number] = future
        return number, future

    def _number(self) -> int:
        self._next += 1
        return self._next

    def _hear_media(self, event: MediaEvent) -> None:
        self._hear(self._on_media, event)

    def _hear(self, take: Callable[[Any], None], event: object) -> None:
        try:
            take(event)
        except Exception:
            # A pump that stopped would leave a call that nobody can end.
            log.exception("line_event_failed", leg=str(self.media.leg), event_=repr(event))
            self.end(causes.INTERNAL)

    def _on_media(self, event: MediaEvent) -> None:
        match event:
            case DigitHeard(digit):
                self.press(digit)
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


async def pump(queue: "asyncio.Queue[Any]", take: Callable[[Any], None]) -> None:
    """Hand on what comes, for ever."""
    while True:
        take(await queue.get())


def nothing() -> None:
    """Stand in for who is told of a line's end."""


def _unused(_key: str) -> bool:
    """Stand in for who is shown the keys."""
    return False


def _unheard(_held: bool) -> None:  # noqa: FBT001 - as `on_hold` is told
    """Stand in for who is told of a hold."""
