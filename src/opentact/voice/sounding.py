"""What the two ends of a call hear of a flow, and which keys of theirs it hears.

Prompts, tones and music go to the caller, to whom a Dial has connected, or to both; on a bridge
they are heard instead of the other side. Each wait ends early when the flow is to stop.
"""

import asyncio
from collections.abc import Callable, Sequence
from math import log10
from pathlib import Path
from typing import Any

from .callflow.call_steps import DoHold, DoTone
from .callflow.steps import (
    Digits,
    DoCollect,
    Done,
    DoPause,
    DoPlay,
    DoSay,
    Ended,
    Failed,
    Leg,
    Reply,
)
from .leg_audio import LegAudio
from .line import Line
from .media import Played
from .partner import Partner
from .rtp.tones import HOLD_MUSIC, MAX_MS, Tone
from .waiting import Over, first

Start = Callable[[LegAudio], "asyncio.Future[Played]"]
Stop = asyncio.Future[str]
NOBODY = "there is no other leg in this call: leg bleg is for one that Dial has connected"
UNHEARD = "nothing can be heard before Answer: the caller's INVITE had no offer"


class Sounding:
    """One call's. `partner` gives who the caller is connected with, if anybody is."""

    def __init__(self, line: Line, partner: Callable[[], Partner | None]) -> None:
        self._line = line
        self._partner = partner

    def legs(self, leg: Leg) -> list[LegAudio]:
        """Give the lines of a leg; none for the other leg of a call that has no other."""
        partner = self._partner()
        there: list[LegAudio] = [partner.line] if partner is not None else []
        if leg == "bleg":
            return there
        return [self._line] if leg == "aleg" else [self._line, *there]

    def is_barged(self, ask: DoSay | DoPlay) -> bool:
        """Tell whether a key was pressed that is to spare the prompt."""
        return ask.barge_in and any(each.keys.any for each in self.legs(ask.leg))

    async def play(self, audio: Path, ask: DoSay | DoPlay, done: str, stop: Stop) -> Reply:
        """Play a file on the legs that are meant."""
        legs = self.legs(ask.leg)
        refused = await self._ready(legs, stop)
        if refused is not None:
            return refused
        plays = [each.play(audio, ask.loop) for each in legs]
        try:
            if ask.barge_in and await _key_before(legs, plays, stop):
                return Done(f"{done} until a key was pressed", barged=True)
            ended = [await first(each, stop) for each in plays]
        except Over:
            _silence(legs)
            raise
        failed = next((each.detail for each in ended if each.reason == "failed"), None)
        return Done(done) if failed is None else Failed(failed)

    async def tone(self, ask: DoTone, stop: Stop) -> Reply:
        """Sound tones, for as long as they may."""
        legs = self.legs(ask.leg)
        refused = await self._ready(legs, stop)
        if refused is not None:
            return refused
        on_ms = min(ask.on_ms, ask.timeout_ms, MAX_MS)
        # Together they are as loud as was asked, however many there are.
        level = ask.volume_db - 20 * log10(len(ask.hz))
        rest = Tone((), min(ask.off_ms, MAX_MS - on_ms))
        tones = (Tone(tuple(map(float, ask.hz)), on_ms, level=level), rest)
        plays = [each.tones(tones, ask.loop) for each in legs]
        try:
            ended = [await first(each, stop, ask.timeout_ms / 1000) for each in plays]
        except TimeoutError:
            _silence(legs)
            return Done(f"Tone sounded for {ask.timeout_ms} ms")
        except Over:
            _silence(legs)
            raise
        failed = next((each.detail for each in ended if each.reason == "failed"), None)
        return Done("Tone sounded") if failed is None else Failed(failed)

    async def hold(self, ask: DoHold, stop: Stop) -> Reply:
        """Hold the call: both ends hear music, and the other leg's phone shows that it is held."""
        legs, partner = self.legs("both"), self._partner()
        refused = await self._ready(legs, stop)
        if refused is not None:
            return refused
        if partner is not None:
            partner.hold()
        for each in legs:
            each.tones(HOLD_MUSIC, 0)
        gone = partner.gone if partner is not None else asyncio.get_running_loop().create_future()
        try:
            await first(gone, stop, ask.timeout_ms / 1000)
        except TimeoutError:
            return Done(f"Call was on hold for {ask.timeout_ms} ms")
        finally:
            _silence(legs)
            if partner is not None:
                partner.resume()
        return Done("Call was on hold until the other side hung up")

    async def pause(self, ask: DoPause, stop: Stop) -> Reply:
        """Be silent, until a key that ends it."""
        keys, clock = self._line.keys, asyncio.get_running_loop().time
        until = clock() + ask.length_ms / 1000
        while True:
            if ask.barge_in and keys.any:
                return Done("a key was pressed", barged=True)
            if ask.stop_keys and (key := keys.take_one_of(ask.stop_keys)):
                return Done(f"ended by {key}")
            try:
                await _key_within([self._line], until - clock(), stop)
            except TimeoutError:
                return Done("paused")

    async def collect(self, ask: DoCollect, stop: Stop) -> Reply:
        """Collect keys of the leg that is meant."""
        legs = self.legs(ask.leg)
        if not legs:
            return Failed(NOBODY)
        collected = ""
        while len(collected) < ask.max_digits:
            wait_ms = ask.inter_digit_ms if collected else ask.timeout_ms
            if not any(each.keys.any for each in legs):
                try:
                    await _key_within(legs, wait_ms / 1000, stop)
                except TimeoutError:
                    return Digits(collected, Ended.TIMEOUT)
            key = next((key for each in legs if (key := each.keys.take())), None)
            if key is not None and key in ask.stop_keys:
                return Digits(collected, Ended.STOP_KEY)
            collected += key or ""
        return Digits(collected, Ended.LENGTH)

    async def _ready(self, legs: Sequence[LegAudio], stop: Stop) -> Failed | None:
        """Wait until all that are meant can hear us; say why they never will."""
        if not legs:
            return Failed(NOBODY)
        if self._line in legs and not self._line.play_early():
            return Failed(UNHEARD)
        for each in legs:
            await first(each.audio, stop)
        return None


def _silence(legs: Sequence[LegAudio]) -> None:
    for each in legs:
        each.media.stop()


async def _key_before(
    legs: Sequence[LegAudio], plays: "Sequence[asyncio.Future[Played]]", stop: Stop
) -> bool:
    """Wait for the plays to end, or a key, which ends them; tell whether it was a key."""
    pressed = [each.keys.changed() for each in legs]
    either: set[asyncio.Future[Any]] = {plays[0], stop, *pressed}
    await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
    for each in pressed:
        each.cancel()
    if stop.done() or not any(each.keys.any for each in legs):
        return False
    _silence(legs)
    return True


async def _key_within(legs: Sequence[LegAudio], seconds: float, stop: Stop) -> None:
    pressed = [each.keys.changed() for each in legs]
    either: set[asyncio.Future[Any]] = {stop, *pressed}
    done, _ = await asyncio.wait(
        either, timeout=max(0.0, seconds), return_when=asyncio.FIRST_COMPLETED
    )
    for each in pressed:
        each.cancel()
    if stop.done():
        raise Over(stop.result())
    if not done:
        raise TimeoutError
