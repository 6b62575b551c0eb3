"""Does on the line what a call flow asks for, and says what came of it.

The interpreter asks (callflow/steps.py), the actor answers. Each wait ends early when the flow
is to stop, because the call is over or another flow takes its place.
"""

import asyncio
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from opentact.kit.faults import Fault

from .callflow.call_steps import (
    DoDial,
    DoHold,
    DoNote,
    DoRecordWait,
    DoReject,
    DoTone,
    DoUnhold,
)
from .callflow.steps import (
    Ask,
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
    Failed,
    Fetched,
    Interrupted,
    Reply,
)
from .fetching import FLOW_BYTES, MAX_BYTES, XML_TYPES, FetchPort
from .line import Line
from .sounding import Sounding
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
    sounding: Sounding
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
            case DoFetch():
                return await self._fetch(ask)
            case DoNote():
                return self.owner.note(ask.name, ask.value)
            case DoReject():
                self.owner.turn_down(busy=ask.reason == "busy")
                return Done(f"Call turned down as {ask.reason}")
            case DoHangup():
                return Done("Call hung up")
            case DoRecordStart() | DoRecordStop() | DoRecordWait():
                return await self._recording(ask)
        return await self._heard(ask)

    async def _recording(self, ask: DoRecordStart | DoRecordStop | DoRecordWait) -> Reply:
        match ask:
            case DoRecordStart():
                return await self._record(ask)
            case DoRecordStop():
                return await first(self.recorder.stop(ask), self.stop)
            case DoRecordWait():
                return await first(self.recorder.wait(ask), self.stop)

    async def _heard(self, ask: Ask) -> Reply:  # noqa: PLR0911 - one line for each ask
        match ask:
            case DoSay():
                return await self._say(ask)
            case DoPlay():
                return await self._play(ask)
            case DoPause():
                return await self.sounding.pause(ask, self.stop)
            case DoCollect():
                return await self.sounding.collect(ask, self.stop)
            case DoTone():
                return await self.sounding.tone(ask, self.stop)
            case DoHold():
                return await self.sounding.hold(ask, self.stop)
            case DoUnhold():
                return Done("Call is not on hold")
            case DoDial():
                return await self.owner.dial(ask)
        raise TypeError(f"nobody knows how to do {ask!r}")

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
        if self.sounding.is_barged(ask):
            return Done("a key was pressed before", barged=True)
        voice = choose(ask.lang, ask.gender, ask.kind, ask.code)
        audio = await first(self.props.speech.speak(ask.text, voice), self.stop)
        return await self.sounding.play(audio, ask, "said", self.stop)

    async def _play(self, ask: DoPlay) -> Reply:
        if self.sounding.is_barged(ask):
            return Done("a key was pressed before", barged=True)
        audio = await first(self._audio(ask), self.stop)
        if audio is None:
            return Failed(f"there is no recording with the tag {ask.record!r} in this call")
        return await self.sounding.play(audio, ask, "played", self.stop)

    async def _audio(self, ask: DoPlay) -> Path | None:
        if ask.url is not None:
            return await self.props.shelf.from_url(ask.url)
        recorded = await self.recorder.file_of(ask.record or "")
        try:
            return None if recorded is None else await self.props.shelf.from_file(recorded)
        except FileNotFoundError:
            return None  # deleted in the meantime

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
