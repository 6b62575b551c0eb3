"""What can happen to a call, as values. Their wire form is in api/wire/calls.py."""

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from opentact.accounts.accounts import Account
from opentact.voice.apps import SipControlApp
from opentact.voice.callflow.steps import Command

from .calls import Call, CallState
from .recordings import Recording
from .rules.tickets import Ticket
from .transcripts import Transcript


@dataclass(slots=True)
class CallCard:
    """A call with what its frames show of it. `seq` counts the call's events from 1.

    `ticket` is what the call holds until it has paid (voice/rules). `lost` is why something
    about the call could not be stored. `spelt` is for whoever spells frames to keep what is the
    same in all of them. `parent` is the leg that this one went out for, `debug_url` the page that
    explains the call.
    """

    call: Call
    account: Account
    app: SipControlApp | None = None
    seq: int = 0
    recordings: list[UUID] = field(default_factory=list)
    lost: Exception | None = None
    ticket: Ticket | None = None
    spelt: dict[str, Any] = field(default_factory=dict)
    parent: "CallCard | None" = None
    debug_url: str | None = None

    def next_seq(self) -> int:
        """Give the next event of the call its number."""
        self.seq += 1
        return self.seq


@dataclass(frozen=True, slots=True)
class CallChanged:
    """A call reached a state."""

    card: CallCard
    state: CallState
    seq: int


@dataclass(frozen=True, slots=True)
class CommandEnded:
    """A command of the call flow ended, well or not."""

    card: CallCard
    command: Command
    line: int
    seq: int


@dataclass(frozen=True, slots=True)
class RecordingChanged:
    """A recording reached a state. `url` is its signed link, once it is stored."""

    card: CallCard
    recording: Recording
    url: str | None
    seq: int


@dataclass(frozen=True, slots=True)
class Transcribed:
    """What was said in a recording is written down, or could not be, for the reason it gives."""

    card: CallCard
    recording: Recording
    transcript: Transcript
    seq: int
