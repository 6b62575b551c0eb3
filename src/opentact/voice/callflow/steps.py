"""The conversation between a running flow and the call: what it asks, what it is answered.

Every ask says which command it is for (`at`). Every ask gets one reply: `Done` or `Failed`,
`Digits` for DoCollect, `Fetched` for DoFetch, or `Interrupted` for any of them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal

Leg = Literal["aleg", "bleg", "both"]


@dataclass(frozen=True, slots=True)
class At:
    """Which command of the flow: `Gather[0]/DTMF[1]/Say[0]`, its line, its tag."""

    path: str
    line: int
    tag: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """Something the flow wants done on the call."""

    at: At

    @property
    def path(self) -> str:
        return self.at.path

    @property
    def line(self) -> int:
        return self.at.line

    @property
    def tag(self) -> str | None:
        return self.at.tag


@dataclass(frozen=True, slots=True, kw_only=True)
class DoAnswer(Ask):
    """Answer the call, then wait `delay_ms`. On an answered call: done at once (spec/11 X13)."""

    delay_ms: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class DoSay(Ask):
    """Speak `text`, `loop` times.

    `barge_in`: a key ends it early, is kept for the next DoCollect, and the reply says `barged`;
    so does a key that was pressed before and is still untaken.
    """

    text: str
    lang: str
    gender: str
    code: str | None
    kind: str
    loop: int
    leg: Leg
    barge_in: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DoPlay(Ask):
    """Play a file by its URL, or the recording made with a tag; exactly one of the two is given."""

    url: str | None
    record: str | None
    loop: int
    leg: Leg
    barge_in: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DoPause(Ask):
    """Be silent; any of `stop_keys` ends it early and is used up by that."""

    length_ms: int
    stop_keys: str = ""
    barge_in: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DoCollect(Ask):
    """Collect keys until `max_digits`, a stop key (not part of the answer) or a timeout.

    `timeout_ms` runs until the first key, `inter_digit_ms` between keys. Keys pressed earlier
    and not yet taken count: callers who know the menu type ahead.
    """

    max_digits: int
    stop_keys: str
    timeout_ms: int
    inter_digit_ms: int
    leg: Leg = "aleg"


@dataclass(frozen=True, slots=True, kw_only=True)
class DoRecordStart(Ask):
    """Start a recording, called by its tag if it has one; it goes on while the flow does.

    It ends by itself after `max_ms`, after `silence_ms` without speech, or on one of `stop_keys`
    (each only if given), at DoRecordStop, and with the call. Of `both` legs each has a channel
    of its own, unless `channels` is 1.
    """

    asr: bool = False
    max_ms: int | None = None
    silence_ms: int | None = None
    stop_keys: str = ""
    leg: Leg = "aleg"
    format: Literal["wav", "mp3"] = "wav"
    channels: Literal[1, 2] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DoRecordStop(Ask):
    """End the recording of the tag of `at`, or without one the latest that runs.

    One that has ended by itself is done at once.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class DoFetch(Ask):
    """Make an HTTP request; answer its body as Fetched, or say why there is none.

    `url` is final. With `body` "call" the request carries the call entity as JSON, with the
    members of `extra` beside it; else it carries `content`, if that is given.
    """

    method: str
    url: str
    body: Literal["call"] | None
    timeout_ms: int
    purpose: str
    extra: Mapping[str, object] = field(default_factory=dict)
    headers: tuple[tuple[str, str], ...] = ()
    content: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DoHangup(Ask):
    """End the call; the tag of `at` is the reason that events show."""


@dataclass(frozen=True, slots=True)
class Command:
    """What came of a command: the `payload.command` of a `call_flow` event (spec/08).

    `children` and `error` sum up the commands directly inside; each had an event of its own.
    """

    name: str
    success: bool
    reason: str
    path: str
    children: tuple["Command", ...] = ()
    error: tuple["Command", ...] = ()
    tag: str | None = None

    @property
    def message(self) -> str:
        """The event's message, `[success] command Answer[0], reason: Call answered`."""
        word = "success" if self.success else "failed"
        return f"[{word}] command {self.path}, reason: {self.reason}"

    def as_dict(self) -> dict[str, Any]:
        """Give the members as the event spells them; `tag` is there only if the verb has one."""
        members: dict[str, Any] = {
            "name": self.name,
            "success": self.success,
            "reason": self.reason,
            "path": self.path,
            "children": [child.as_dict() for child in self.children],
            "error": [child.as_dict() for child in self.error],
        }
        return members if self.tag is None else {**members, "tag": self.tag}


@dataclass(frozen=True, slots=True, kw_only=True)
class Report(Ask):
    """A command has ended: tell the world. Its reply may be None."""

    command: Command


@dataclass(frozen=True, slots=True)
class Done:
    """It was done; `reason` is for the event. `barged`: a key cut a prompt short."""

    reason: str = ""
    barged: bool = False


@dataclass(frozen=True, slots=True)
class Failed:
    """It could not be done, for a reason a customer may read."""

    reason: str


class Ended(StrEnum):
    """How collecting ended."""

    LENGTH = "length"
    STOP_KEY = "stop key"
    TIMEOUT = "timeout"


@dataclass(frozen=True, slots=True)
class Digits:
    """What was collected, perhaps nothing."""

    digits: str
    ended: Ended


@dataclass(frozen=True, slots=True)
class Fetched:
    """The body of a 2xx answer."""

    body: bytes


@dataclass(frozen=True, slots=True)
class Interrupted:
    """The flow must end: it was replaced by another, or the call is over."""

    reason: str


Reply = Done | Failed | Digits | Fetched | Interrupted


class Why(StrEnum):
    """Why a flow came to its end."""

    DOCUMENT = "end of document"
    HANGUP = "hangup"
    ERROR = "error"
    INTERRUPTED = "interrupted"


@dataclass(frozen=True, slots=True)
class End:
    """The flow is over. After any but INTERRUPTED the call is to be hung up (spec/11 D-13)."""

    why: Why
    reason: str = ""
    tag: str | None = None
