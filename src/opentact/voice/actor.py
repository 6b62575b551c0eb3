"""Does on the line what a call flow asks for, and says what came of it.

The interpreter asks (callflow/steps.py), the actor answers. Each wait ends early when the flow
is to stop, because the call is over or another flow takes its place.
"""

import asyncio
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from opentact.kit.faults import Fault

from .callflow.call_steps import DoDial, DoNote, DoRecordWait, DoReject
from .callflow.steps import (
    Ask,
    Digits,
    DoAnswer,
    DoCollect,
    DoFetch,
    DoHangup,
    Done,
    DoPause,
    DoPlay,
    DoRecordStart,
    DoRecordStop,
    DoSay,
    Ended,
    Failed,
    Fetched,
    Interrupted,
    Reply,
)
from .fetching import FLOW_BYTES, MAX_BYTES, XML_TYPES, FetchPort
from .line import Line
from .speech import SpeechEngine
from .voices import choose
from .waiting import Over, first


class Shelf(Protocol):
    """Where sound files come from (adapters/audio)."""

    async def from_url(self, url: str) -> Path:
        """Fetch and decode a file; raises a Fault that says why not."""

    async def from_file(self, path: Path) -> Path:
        """Decode a file of ours."""


class Recorder(Protocol):
    """Who looks after the call's recordings (voice/recorder.py)."""

    def start(self, ask: DoRecordStart) -> Reply:
        """Begin a recording."""

    async def stop(self, ask: DoRecordStop) -> Reply:
        """End the recording that this command began, else of its tag, else the latest."""

    async def wait(self, ask: DoRecordWait) -> Reply:
        """Wait until the recording of the tag, or the latest, has ended by itself."""

    def let_go(self, ask: DoRecordStop) -> None:
        """End the same, and do not wait until it is stored."""

    async def file_of(self, tag: str) -> Path | None:
        """Give the finished file of the recording of that tag."""


class Owner(Protocol):
    """The call whose flow it is (voice/conversation.py)."""

    def pick_up(self) -> None:
        """Answer the call; on an answered one it does nothing."""

    def turn_down(self, *, busy: bool) -> None:
        """End the call by refusing it."""

    def note(self, name: str, value: str) -> Reply:
        """Keep a note on the call."""

    def entity(self) -> dict[str, Any]:
        """Give the call as JSON, for fetches that carry it."""

    async def dial(self, ask: DoDial) -> Reply:
        """Call others, and stay with who answers."""


@dataclass(slots=True)
class Props:
    """What the actor works with: the engines of the server."""

    speech: SpeechEngine
    shelf: Shelf
    fetcher: FetchPort


@dataclass(slots=True)
class Actor:
    """Performs one call's asks."""

    line: Line
    props: Props
    recorder: Recorder
    owner: Owner
    stop: "asyncio.Future[str]" = field(default_factory=asyncio.Future[str])

    async def perform(self, ask: Ask) -> Reply:
        """Do what is asked; never fails, but for what is our own fault."""
        if self.stop.done():
            if isinstance(ask, DoRecordStop):
                # A flow that leaves a <Record> early ends the recording with it.
                self.recorder.let_go(ask)
            return Interrupted(self.stop.result())
        try:
            return await self._perform(ask)
        except Over as over:
            return Interrupted(over.why)
        except Fault as fault:
            return Failed(str(fault))

    async def _perform(self, ask: Ask) -> Reply:  # noqa: PLR0911 - one line for each ask
        match ask:
            case DoAnswer():
                return await self._answer(ask)
            case DoSay():
                return await self._say(ask)
            case DoPlay():
                return await self._play(ask)
            case DoPause():
                return await self._pause(ask)
            case DoCollect():
                return await self._collect(ask)
            case DoFetch():
                return await self._fetch(ask)
            case DoNote():
                return self.owner.note(ask.name, ask.value)
            case DoReject():
                self.owner.turn_down(busy=ask.reason == "busy")
                return Done(f"Call turned down as {ask.reason}")
            case DoHangup():
                return Done("Call hung up")
        return await self._to_do_with_others(ask)

    async def _to_do_with_others(self, ask: Ask) -> Reply:
        match ask:
            case DoDial():
                return await self.owner.dial(ask)
            case DoRecordStart():
                return await self._record(ask)
            case DoRecordStop():
                return await first(self.recorder.stop(ask), self.stop)
            case DoRecordWait():
                return await first(self.recorder.wait(ask), self.stop)
        return Failed(f"{type(ask).__name__} cannot run yet")

    async def _answer(self, ask: DoAnswer) -> Reply:
        reason = "Call was answered already" if self.line.answered else "Call answered"
        self.owner.pick_up()
        if ask.delay_ms:
            await _sleep(ask.delay_ms, self.stop)
        return Done(reason)

    async def _record(self, ask: DoRecordStart) -> Reply:
        if not self.line.answered:
            return Failed("a call is recorded after it is answered: put Answer before")
        await first(self.line.audio, self.stop)
        return self.recorder.start(ask)

    async def _say(self, ask: DoSay) -> Reply:
        if ask.barge_in and self.line.keys.any:
            return Done("a key was pressed before", barged=True)
        voice = choose(ask.lang, ask.gender, ask.kind, ask.code)
        audio = await first(self.props.speech.speak(ask.text, voice), self.stop)
        return await self._sound(audio, ask.loop, barge_in=ask.barge_in, done="said")

    async def _play(self, ask: DoPlay) -> Reply:
        if ask.barge_in and self.line.keys.any:
            return Done("a key was pressed before", barged=True)
        audio = await first(self._audio(ask), self.stop)
        if audio is None:
            return Failed(f"there is no recording with the tag {ask.record!r} in this call")
        return await self._sound(audio, ask.loop, barge_in=ask.barge_in, done="played")

    async def _audio(self, ask: DoPlay) -> Path | None:
        if ask.url is not None:
            return await self.props.shelf.from_url(ask.url)
        recorded = await self.recorder.file_of(ask.record or "")
        try:
            return None if recorded is None else await self.props.shelf.from_file(recorded)
        except FileNotFoundError:
            return None  # deleted in the meantime

    async def _sound(self, audio: Path, loop: int, *, barge_in: bool, done: str) -> Reply:
        if not self.line.play_early():
            return Failed("nothing can be heard before Answer: the caller's INVITE had no offer")
        await first(self.line.audio, self.stop)
        playing = self.line.play(audio, loop)
        try:
            if barge_in and await self._key_before(playing):
                return Done(f"{done} until a key was pressed", barged=True)
            played = await first(playing, self.stop)
        except Over:
            self.line.media.stop()
            raise
        if played.reason == "failed":
            return Failed(played.detail)
        return Done(done)

    async def _key_before(self, playing: "asyncio.Future[Any]") -> bool:
        """Wait for the play to end, or a key, which ends it; tell whether it was a key."""
        pressed = self.line.keys.changed()
        either: set[asyncio.Future[Any]] = {playing, pressed, self.stop}
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        pressed.cancel()
        if self.stop.done() or not self.line.keys.any:
            return False
        self.line.media.stop()
        return True

    async def _pause(self, ask: DoPause) -> Reply:
        keys, clock = self.line.keys, asyncio.get_running_loop().time
        until = clock() + ask.length_ms / 1000
        while True:
            if ask.barge_in and keys.any:
                return Done("a key was pressed", barged=True)
            if ask.stop_keys and (key := keys.take_one_of(ask.stop_keys)):
                return Done(f"ended by {key}")
            try:
                await self._key_within(until - clock())
            except TimeoutError:
                return Done("paused")

    async def _key_within(self, seconds: float) -> None:
        pressed = self.line.keys.changed()
        try:
            await first(pressed, self.stop, max(0.0, seconds))
        finally:
            pressed.cancel()

    async def _collect(self, ask: DoCollect) -> Reply:
        keys, collected = self.line.keys, ""
        while len(collected) < ask.max_digits:
            wait_ms = ask.inter_digit_ms if collected else ask.timeout_ms
            if not keys.any:
                try:
                    await self._key_within(wait_ms / 1000)
                except TimeoutError:
                    return Digits(collected, Ended.TIMEOUT)
            key = keys.take()
            if key is not None and key in ask.stop_keys:
                return Digits(collected, Ended.STOP_KEY)
            collected += key or ""
        return Digits(collected, Ended.LENGTH)

    async def _fetch(self, ask: DoFetch) -> Reply:
        json = {**self.owner.entity(), **ask.extra} if ask.body == "call" else None
        is_flow = ask.purpose != "Curl"
        fetched = await first(
            self.props.fetcher.fetch(
                ask.method,
                ask.url,
                json=json,
                headers=ask.headers,
                body=None if ask.content is None else ask.content.encode(),
                timeout=ask.timeout_ms / 1000,
                max_bytes=FLOW_BYTES if is_flow else MAX_BYTES,
                accept=XML_TYPES if is_flow else "*/*",
            ),
            self.stop,
        )
        return Fetched(fetched.body)


async def _sleep(ms: float, stop: "asyncio.Future[str]") -> None:
    await first(asyncio.sleep(ms / 1000), stop)
