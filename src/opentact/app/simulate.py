"""The simulated carrier: places real SIP calls with real RTP to this platform, or to any other.

It is the far end that a laptop has not got: it rings, listens, presses keys, speaks, hangs up,
and tells what it saw and heard. It shares the SIP stack and the media engine with the server,
but nothing else: what it knows of the call, it knows from the wire.
"""

import asyncio
import time
import wave
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from opentact.adapters.media.inline import InlineMedia
from opentact.adapters.media.settings import MediaSettings
from opentact.adapters.sip.endpoint import SipEndpoint
from opentact.adapters.sip.legs import OutgoingLeg
from opentact.kit.ids import new_id
from opentact.voice.media import DigitHeard, MediaLeg, MediaStats, Recorded
from opentact.voice.sdp.offer_answer import accept, make_offer
from opentact.voice.sip.effects import (
    Answered,
    Expired,
    Failed,
    HungUp,
    Progressed,
    Refused,
    TimedOut,
)

PAUSE_S = 1.0  # a comma among the digits
RING_S = 60.0  # then the caller gives up
LOUD = 300.0  # mean level (of 32,768) above which a listener would say that something is heard
Tell = Callable[[str], None]


@dataclass(slots=True)
class CallPlan:
    """What the caller does. Digits: keys, and commas for a second's pause each."""

    caller: str
    called: str
    server: tuple[str, int]
    digits: str = ""
    audio: Path | None = None
    seconds: float | None = None
    first_key_after: float = 1.0
    speak_after: float = 0.0
    last_digits: str = ""
    heard: Path | None = None
    media_ports: tuple[int, int] = (30_000, 30_999)


@dataclass(slots=True)
class CallOutcome:
    """What the caller saw and heard. `status` is the final SIP answer, None if none came."""

    status: int | None = None
    phrase: str = ""
    reason: str | None = None
    ended_by: str = ""
    rang_after: float | None = None
    answered_after: float | None = None
    talked: float = 0.0
    heard_seconds: float = 0.0
    digits_heard: str = ""
    stats: MediaStats = field(default_factory=MediaStats)


class Caller:
    """One simulated call."""

    def __init__(self, plan: CallPlan, tell: Tell = lambda _: None) -> None:
        """`tell` hears, in words, what happens as it happens."""
        self._plan = plan
        self._tell = tell
        self._outcome = CallOutcome()
        self._offer = b""
        self._began = 0.0
        self._answered = asyncio.Event()
        self._over = asyncio.Event()
        self._connected = False

    async def run(self) -> CallOutcome:
        """Place the call and live through it."""
        first, last = self._plan.media_ports
        media = InlineMedia(MediaSettings(first_port=first, last_port=last))
        endpoint = await SipEndpoint.open(
            _near(self._plan.server[0]),
            0,
            on_call=lambda leg: leg.reject(480),
            user_agent="opentact-simulator",
        )
        try:
            with TemporaryDirectory() as folder:
                heard = self._plan.heard or Path(folder) / "heard.wav"
                await self._call(endpoint, await media.open(new_id(), endpoint.local[0]), heard)
                self._outcome.heard_seconds = audible_seconds(heard)
        finally:
            await endpoint.close()
            await media.close()
        return self._outcome

    async def _call(self, endpoint: SipEndpoint, media: MediaLeg, heard: Path) -> None:
        plan, host = self._plan, f"{self._plan.server[0]}:{self._plan.server[1]}"
        self._offer = make_offer(host=media.host, port=media.port, session_id=1)
        self._began = time.monotonic()
        leg = endpoint.call(
            f"sip:{plan.called}@{host}",
            to=f"sip:{plan.called}@{host}",
            caller=f"sip:{plan.caller}@{endpoint.local[0]}:{endpoint.local[1]}",
            sdp=self._offer,
        )
        self._tell(f"INVITE to {plan.called} at {host}")
        listening = [
            asyncio.create_task(self._hear_leg(leg, media, heard)),
            asyncio.create_task(self._hear_media(media)),
        ]
        try:
            await self._live(leg, media)
        finally:
            self._outcome.stats = await media.close()
            for task in listening:
                task.cancel()
            await asyncio.gather(*listening, return_exceptions=True)

    async def _live(self, leg: OutgoingLeg, media: MediaLeg) -> None:
        try:
            async with asyncio.timeout(RING_S):
                await self._either(self._answered, self._over)
        except TimeoutError:
            leg.cancel()
            self._end("the caller gave up ringing")
            return
        if self._over.is_set():
            return
        acting = asyncio.create_task(self._act(media))
        try:
            async with asyncio.timeout(self._plan.seconds):
                await self._over.wait()
        except TimeoutError:
            leg.hangup()
            self._end("the caller hung up")
        acting.cancel()
        await asyncio.gather(acting, return_exceptions=True)

    async def _act(self, media: MediaLeg) -> None:
        """Press the keys, speak, and press the last keys."""
        await asyncio.sleep(self._plan.first_key_after)
        for number, part in enumerate(self._plan.digits.split(",")):
            if number:
                await asyncio.sleep(PAUSE_S)
            if part:
                self._tell(f"presses {part}")
                media.send_digits(1000 + number, part)
        if self._plan.audio is not None:
            await asyncio.sleep(self._plan.speak_after)
            self._tell("speaks")
            media.play(1, self._plan.audio)
            if self._plan.last_digits:
                media.send_digits(2, self._plan.last_digits)

    async def _hear_leg(self, leg: OutgoingLeg, media: MediaLeg, heard: Path) -> None:
        while True:
            event = await leg.events.get()
            since = time.monotonic() - self._began
            match event:
                case Progressed(status, sdp):
                    if self._outcome.rang_after is None:
                        self._outcome.rang_after = since
                    self._tell(f"{status} after {since:.3f} s")
                    self._connect(media, sdp, heard)
                case Answered(sdp):
                    self._outcome.status, self._outcome.answered_after = 200, since
                    self._tell(f"200 answered after {since:.3f} s")
                    self._connect(media, sdp, heard)
                    self._answered.set()
                case Refused(status, phrase, reason):
                    self._outcome.status, self._outcome.phrase = status, phrase
                    self._outcome.reason = reason
                    self._end(f"refused with {status} {phrase}")
                case HungUp(reason):
                    self._outcome.reason = reason
                    self._end("the platform hung up")
                case TimedOut() | Failed():
                    self._end("nobody answered the INVITE")
                case Expired(why):
                    self._end(f"the platform is gone: {why}")
                case _:
                    pass

    def _connect(self, media: MediaLeg, sdp: bytes | None, heard: Path) -> None:
        if sdp is None:
            return
        media.connect(accept(self._offer, sdp))
        if not self._connected:
            self._connected = True
            media.record(1, heard)

    async def _hear_media(self, media: MediaLeg) -> None:
        while True:
            match await media.events.get():
                case DigitHeard(digit):
                    self._outcome.digits_heard += digit
                    self._tell(f"hears the key {digit}")
                case Recorded():
                    return
                case _:
                    pass

    def _end(self, how: str) -> None:
        if self._over.is_set():
            return
        self._outcome.ended_by = how
        if self._outcome.answered_after is not None:
            since = time.monotonic() - self._began
            self._outcome.talked = since - self._outcome.answered_after
        self._tell(how)
        self._over.set()

    async def _either(self, *events: asyncio.Event) -> None:
        waits = [asyncio.create_task(event.wait()) for event in events]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()


def audible_seconds(file: Path) -> float:
    """Count the seconds of a recording in which something can be heard."""
    if not file.is_file():
        return 0.0
    with wave.open(str(file)) as sound:
        rate = sound.getframerate()
        samples = np.frombuffer(sound.readframes(sound.getnframes()), "<i2").astype(np.float64)
    window = rate // 50
    frames = samples[: len(samples) // window * window].reshape(-1, window)
    return float((np.abs(frames).mean(axis=1) > LOUD).sum()) / 50 if len(frames) else 0.0


def _near(server: str) -> str:
    """Choose the local address to call from: the loopback for a server on this machine."""
    return "127.0.0.1" if server.startswith("127.") or server == "localhost" else "0.0.0.0"  # noqa: S104 - a caller must reach a server elsewhere
