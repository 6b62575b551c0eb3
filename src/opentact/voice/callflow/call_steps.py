"""What a flow asks about the call as a whole: other legs, tones, notes, being turned down.

Asks as in steps.py; every one is answered by `Done` or `Failed`, or by `Interrupted`.
"""

from dataclasses import dataclass
from typing import Literal

from .steps import Ask, Leg


@dataclass(frozen=True, slots=True, kw_only=True)
class DoDial(Ask):
    """Call all `targets` at once and connect the first who answers; the others are dropped.

    Targets are numbers in E.164 or `user@domain`, `user@host:port`, perhaps with `sip:`. Done
    when the callee has hung up and the caller is still there; Failed when nobody answered within
    `timeout_ms`, or nobody could be called. `record`: both sides, from the answer.
    """

    targets: tuple[str, ...]
    timeout_ms: int
    caller_id: str | None = None
    record: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DoHold(Ask):
    """Put the call on hold and play music, until DoUnhold comes or `timeout_ms` are over."""

    timeout_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DoUnhold(Ask):
    """Take the call off hold; on a call that is not held: done at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DoTone(Ask):
    """Sound `hz` together for `on_ms`, be silent for `off_ms`, `loop` times.

    `volume_db`: 0 is loudest, negative is quieter. All of it lasts `timeout_ms` at most.
    """

    hz: tuple[int, ...]
    on_ms: int
    off_ms: int
    loop: int
    volume_db: int
    timeout_ms: int
    leg: Leg


@dataclass(frozen=True, slots=True, kw_only=True)
class DoNote(Ask):
    """Keep a name and a value on the call, shown in its events; the same name is overwritten."""

    name: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DoRecordWait(Ask):
    """Wait until the recording of the tag of `at`, or the latest, has ended by itself.

    Failed if it has not within `timeout_ms`; it goes on then.
    """

    timeout_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DoReject(Ask):
    """Turn the call down: as busy (486) or as rejected (603); hang up if it is answered."""

    reason: Literal["busy", "rejected"]
