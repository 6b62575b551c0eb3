"""Provisional answers of ours that must arrive: RFC 3262 section 3, the server's side.

One is under way at a time, repeated until its PRACK; others wait behind it. So the numbers
never cross, and a 2xx never overtakes the answer that an 18x carries.
"""

import re
from dataclasses import dataclass, field

from opentact.voice.sip.headers import MAX_CSEQ
from opentact.voice.sip.machine import T1, TIMEOUT
from opentact.voice.sip.message import Request

# Ringing, then early media, then being forwarded, a few times: more is a fault of ours.
MAX_WAITING = 16

_RACK = re.compile(r"\s*(\d{1,10})\s+(\d{1,10})\s+(\S+)\s*")
_RSEQ = re.compile(r"\d{1,10}")


@dataclass(slots=True)
class Progress:
    """An 18x to come: its status, session description and further headers."""

    status: int
    sdp: bytes | None
    more: list[tuple[str, str]] = field(default_factory=list)


class Reliable:
    """`first` is where RSeq begins: 1 to 2**31 - 1, drawn by chance."""

    def __init__(self, first: int) -> None:
        self.number = first
        self.flying: Progress | None = None
        self.confirmed = False  # a PRACK has come, so the dialog exists for both
        self.give_up_at = 0.0
        self._data = b""
        self._pause = T1
        self._repeat_at = 0.0
        self._waiting: list[Progress] = []

    @property
    def wake_at(self) -> float | None:
        return min(self._repeat_at, self.give_up_at) if self.flying is not None else None

    def hold(self, progress: Progress) -> bool:
        """Keep it for later when another one is under way; False when it may go now."""
        if self.flying is None:
            return False
        if len(self._waiting) < MAX_WAITING:
            self._waiting.append(progress)
        return True

    def sent(self, progress: Progress, data: bytes, now: float) -> None:
        """Note what went out; RFC 3262 section 3 repeats it after T1, 2*T1, 4*T1 ..."""
        self.flying, self._data, self._pause = progress, data, T1
        self._repeat_at, self.give_up_at = now + T1, now + TIMEOUT

    def repeats(self, now: float) -> list[bytes]:
        """Give what is due to be sent once more."""
        due: list[bytes] = []
        while self.flying is not None and self._repeat_at <= now:
            due.append(self._data)
            self._pause *= 2
            self._repeat_at += self._pause
        return due

    def acknowledged(self, prack: Request, invite: Request) -> Progress | None:
        """Take a PRACK: give what it acknowledges; None when it matches nothing."""
        flying = self.flying
        rack = _RACK.fullmatch(prack.first("rack") or "")
        if flying is None or rack is None or rack[3] != "INVITE":
            return None
        if (int(rack[1]), int(rack[2])) != (self.number, invite.cseq.number):
            return None
        self.flying, self.confirmed = None, True
        self.number = min(self.number + 1, MAX_CSEQ)
        return flying

    def next(self) -> Progress | None:
        """Take what waited."""
        return self._waiting.pop(0) if self._waiting else None

    def drop(self) -> None:
        """Send nothing more: the INVITE has its final answer."""
        self.flying = None
        self._waiting.clear()


def read_rseq(written: str | None) -> int | None:
    """Read RSeq; None when it is absent or no number."""
    written = (written or "").strip()
    return int(written) if _RSEQ.fullmatch(written) else None
