"""The simulated carrier's own end: it takes real calls over SIP and RTP, inside the server.

What a number does is chosen by its last two digits (`carrier_outcomes`). It shares the SIP stack
and the media engine with the server, but no more: what it knows of a call came over the wire.
"""

import asyncio
from collections.abc import Callable
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import UUID

import numpy as np
import structlog

from opentact.adapters.sip.endpoint import SipEndpoint
from opentact.adapters.sip.legs import IncomingLeg
from opentact.kit.ids import new_id
from opentact.voice import causes
from opentact.voice.line import Line, RecordEnd
from opentact.voice.media import MediaEngine, MediaUnavailable, NoMediaPorts
from opentact.voice.rtp.wav import HEADER_BYTES, RATE
from opentact.voice.sdp.faults import SdpRefused
from opentact.voice.trunk_ways import Trunk, TrunkCaller, TrunkKind, TrunkTarget

from .carrier_outcomes import KEYS, Act, CarrierOutcome, digits_of, outcome_of

NAME = "dev"  # the provider's name in the API (spec/04, providers)
UUID_OF_IT = UUID("00000000-0000-7000-8000-00000000de70")
MOST_CALLS = 1000  # a loop of calls must not eat the machine
FIRST_KEY_S = 1.0
MOST_MESSAGE_MS, SILENCE_MS = 30_000, 2_000
LOUDNESS = 8_000  # of 32,767
_TONES: dict[str, tuple[tuple[float, ...], float, float]] = {
    # Frequencies, seconds of tone, seconds of silence after it.
    "tone": ((440.0,), 1.0, 0.0),
    "beep": ((1000.0,), 0.5, 0.0),
    "ringing": ((440.0, 480.0), 2.0, 4.0),  # as North America hears it
}
log = structlog.get_logger(__name__)


class SimulatedCarrier:
    """Made by `open`. `address` is where it takes calls."""

    def __init__(self, media: MediaEngine) -> None:
        """Make its sounds; `open` makes it listen."""
        self._media = media
        # Its messages go with it.
        self._temporary = TemporaryDirectory(prefix="opentact-carrier-")
        self._folder = Path(self._temporary.name)
        self._tones = {name: _write_tone(self._folder, name) for name in _TONES}
        self._tasks: set[asyncio.Task[None]] = set()
        self._meetings = _Meetings()
        self._endpoint: SipEndpoint | None = None

    @classmethod
    async def open(cls, host: str, port: int, media: MediaEngine) -> "SimulatedCarrier":
        """Listen; port 0 takes any free one. OSError passes up when it is taken."""
        carrier = cls(media)
        try:
            carrier._endpoint = await SipEndpoint.open(
                host, port, on_call=carrier.take, user_agent="opentact-simulated-carrier"
            )
        except OSError:
            carrier._temporary.cleanup()
            raise
        return carrier

    @property
    def address(self) -> tuple[str, int]:
        """Where it takes calls."""
        assert self._endpoint is not None, "not opened"  # noqa: S101 - `open` did
        return self._endpoint.local[0], self._endpoint.local[1]

    def trunk(self) -> Trunk:
        """Give it as a carrier that calls go out by."""
        host, port = self.address
        caller = TrunkCaller(TrunkKind.CARRIER, NAME, UUID_OF_IT)
        target = TrunkTarget(host, port)
        return Trunk(
            TrunkKind.CARRIER, UUID_OF_IT, NAME, (target,), keep_identity=True, caller=caller
        )

    def take(self, leg: IncomingLeg) -> None:
        """Take a call."""
        outcome = outcome_of(leg.called)
        if outcome is None or len(self._tasks) >= MOST_CALLS:
            leg.reject(484 if outcome is None else 503)
            return
        task = asyncio.create_task(self._live(leg, outcome), name=f"carrier {leg.called}")
        self._tasks.add(task)
        task.add_done_callback(self._done)

    async def close(self) -> None:
        """End its calls, and free the port."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._endpoint is not None:
            await self._endpoint.close()
        self._temporary.cleanup()

    def _done(self, task: "asyncio.Task[None]") -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            log.error("simulated_carrier_failed", exc_info=task.exception())

    async def _live(self, leg: IncomingLeg, outcome: CarrierOutcome) -> None:
        if outcome.status is not None and not outcome.ring_s:
            leg.reject(outcome.status)
            return
        try:
            media = await self._media.open(new_id(), self.address[0])
        except (NoMediaPorts, MediaUnavailable):
            leg.reject(503)
            return
        line = Line(leg, media)
        try:
            meet = partial(self._meetings.join, digits_of(leg.called), line)
            await _FarEnd(line, outcome, self._tones, self._folder, meet).live()
        finally:
            self._meetings.leave(line)
            await line.close()


class _Meetings:
    """Who waits at a number for a second caller, and who has met there."""

    def __init__(self) -> None:
        self._waiting: dict[str | None, Line] = {}
        self._met: dict[Line, Line] = {}

    def join(self, number: str | None, line: Line) -> None:
        """Connect with who waits there, or wait."""
        other = self._waiting.pop(number, None)
        if other is None:
            self._waiting[number] = line
            return
        self._met |= {line: other, other: line}
        line.media.bridge(other.media)

    def leave(self, line: Line) -> None:
        """Wait for nobody any more; who was met goes as well."""
        self._waiting = {at: each for at, each in self._waiting.items() if each is not line}
        other = self._met.pop(line, None)
        if other is not None:
            del self._met[other]
            other.end(causes.FLOW_HUNG_UP)


class _FarEnd:
    """One call: what the outcome says, until somebody hangs up."""

    def __init__(
        self,
        line: Line,
        outcome: CarrierOutcome,
        tones: dict[str, Path],
        folder: Path,
        meet: Callable[[], None],
    ) -> None:
        self._line = line
        self._outcome = outcome
        self._tones = tones
        self._folder = folder
        self._meet = meet
        self._over = asyncio.Event()
        line.on_over = self._over.set

    async def live(self) -> None:
        try:
            self._line.negotiate()
        except SdpRefused as refused:
            self._line.leg.reject(refused.status)
            return
        await self._ring()
        if self._line.over:
            self._leave()
            return
        if self._outcome.status is not None:
            self._line.leg.reject(self._outcome.status)
            return
        self._line.media.stop()
        self._line.pick_up()
        acting = asyncio.create_task(self._act())
        try:
            await self._wait(self._outcome.talk_s)
        finally:
            acting.cancel()
            await asyncio.gather(acting, return_exceptions=True)
            self._leave()

    async def _ring(self) -> None:
        if self._outcome.early and self._line.play_early():
            self._line.play(self._tones["ringing"], loop=0)
        else:
            self._line.leg.ring()
        await self._wait(self._outcome.ring_s)

    async def _act(self) -> None:
        await self._line.audio
        match self._outcome.act:
            case Act.TONE:
                self._line.play(self._tones["tone"], loop=0)
            case Act.ECHO:
                # The other side of this bridge is the caller itself.
                self._line.media.bridge(self._line.media)
            case Act.KEYS:
                await asyncio.sleep(FIRST_KEY_S)
                self._line.media.send_digits(0, KEYS)
            case Act.MEET:
                self._meet()
            case Act.VOICEMAIL:
                await self._take_message()

    async def _take_message(self) -> None:
        await self._line.play(self._tones["beep"])
        file, ended = self._folder / f"{new_id()}.wav", asyncio.Event()
        hear: Callable[[RecordEnd], None] = lambda _: ended.set()  # noqa: E731 - an event's set takes nothing
        self._line.record(file, hear, max_ms=MOST_MESSAGE_MS, silence_ms=SILENCE_MS)
        await ended.wait()
        message = file.with_suffix(".raw")
        try:
            await asyncio.to_thread(_strip_header, file, message)
            await self._line.play(message)
        finally:
            file.unlink(missing_ok=True)
            message.unlink(missing_ok=True)
        self._line.end(causes.FLOW_HUNG_UP)

    async def _wait(self, seconds: float | None) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._over.wait()
        except TimeoutError:
            return

    def _leave(self) -> None:
        if self._line.over not in {causes.CALLER_HUNG_UP, causes.CALLER_CANCELLED}:
            self._line.end(causes.FLOW_HUNG_UP)
            self._line.hang_up()


def _strip_header(wav: Path, raw: Path) -> None:
    raw.write_bytes(wav.read_bytes()[HEADER_BYTES:])


def _write_tone(folder: Path, name: str) -> Path:
    """Write a tone as the media engine plays it: 16-bit little-endian mono at 8 kHz."""
    frequencies, seconds, silence = _TONES[name]
    at = np.arange(int(RATE * seconds)) / RATE
    wave = sum(np.sin(2 * np.pi * each * at) for each in frequencies) / len(frequencies)
    samples = np.concatenate([wave * LOUDNESS, np.zeros(int(RATE * silence))])
    file = folder / f"{name}.raw"
    file.write_bytes(samples.astype("<i2").tobytes())
    return file
