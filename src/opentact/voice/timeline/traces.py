"""What went over the wire of each call that lives: messages, keys, web requests, media events.

Kept in memory as it came, so that a call pays next to nothing for it; it is read, summed up and
told in words when somebody asks. A little after its end the trace becomes one row (rows.py).
"""

from collections import OrderedDict, deque
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from uuid import UUID

from opentact.voice.call_events import CallCard
from opentact.voice.causes import Blame
from opentact.voice.sip.machine import Address

MOST_ENTRIES = 300
LAST_ENTRIES = 40
"""A call keeps its beginning, and its last entries: what is in between is counted."""
MOST_BYTES = 96 * 1024
LONGEST_MESSAGE = 8 * 1024
MOST_WAITING = 1024
"""Calls whose INVITE has come and whose record is not begun: some milliseconds each."""
MOST_UNCLAIMED = 12
"""Messages of such a call: an INVITE, its challenge, its ACK, and once more with the proof."""
LINGER_S = 2.0
"""After the end: for the answer to the last BYE, and the ACK of a refusal."""


class Entry(NamedTuple):
    """`kind` is in, out, digit, media or web; `leg` a Call-ID of messages, else a call's uuid."""

    at: float
    kind: str
    leg: str
    what: dict[str, Any] | bytes
    peer: Address | None = None


@dataclass(slots=True)
class Trace:
    """The trace of a call with all its legs. `legs` has the call's uuid by Call-ID.

    `is_odd` if somebody is to blame for the end of a leg.
    """

    root: UUID
    account: UUID
    began: float
    legs: dict[str, str] = field(default_factory=dict)
    entries: list[Entry] = field(default_factory=list)
    last: "deque[Entry]" = field(default_factory=lambda: deque(maxlen=LAST_ENTRIES))
    cut: int = 0
    size: int = 0
    calls: set[UUID] = field(default_factory=set)
    open: set[UUID] = field(default_factory=set)
    is_odd: bool = False

    def add(self, entry: Entry) -> None:
        """Keep an entry, or count what has to go for it."""
        size = len(entry.what) if isinstance(entry.what, bytes) else 100
        if len(self.entries) < MOST_ENTRIES and self.size + size <= MOST_BYTES:
            self.size += size
            self.entries.append(entry)
            return
        self.cut += len(self.last) == LAST_ENTRIES
        self.last.append(entry)


current: ContextVar[Trace | None] = ContextVar("trace", default=None)
"""The trace of the call that the running task works for, for what knows no call (web requests)."""


class Traces:
    """The traces of a node."""

    def __init__(self, time: Callable[[], float]) -> None:
        """`time` tells the time of day in seconds."""
        self._time = time
        self._of_call: dict[UUID, Trace] = {}
        self._of_id: dict[str, Trace] = {}
        self._waiting: OrderedDict[str, list[Entry]] = OrderedDict()
        self._ended: deque[tuple[float, Trace]] = deque()

    def on_message(self, direction: str, data: bytes, peer: Address, call_id: str) -> None:
        """Keep a SIP message of a call we know, or may be about to."""
        trace = self._of_id.get(call_id)
        if trace is not None:
            trace.add(Entry(self._time(), direction, call_id, data[:LONGEST_MESSAGE], peer))
            return
        waiting = self._waiting.get(call_id)
        if waiting is None:
            if not data.startswith(b"INVITE ") or not call_id:
                return
            if len(self._waiting) >= MOST_WAITING:
                self._waiting.popitem(last=False)
            self._waiting[call_id] = waiting = []
        if len(waiting) < MOST_UNCLAIMED:
            entry = Entry(self._time(), direction, call_id, data[:LONGEST_MESSAGE], peer)
            waiting.append(entry)

    def opened(self, card: CallCard) -> None:
        """Begin the trace of a call, or add a leg to that of the call it belongs to."""
        # The members themselves: each look through the mapper costs as much as all of this.
        call = vars(card.call)
        uuid: UUID = call["uuid"]
        root: UUID = call.get("parent_uuid") or uuid
        trace = self._of_call.get(root)
        if trace is None:
            trace = self._of_call[root] = Trace(root, card.account.uuid, self._time())
        self._of_call[uuid] = trace
        trace.calls.add(uuid)
        trace.open.add(uuid)
        if call.get("sip_call_id"):
            self.claim(card, call["sip_call_id"])
        current.set(trace)

    def claim(self, card: CallCard, call_id: str) -> None:
        """Take the messages of this Call-ID for those of the call."""
        uuid: UUID = vars(card.call)["uuid"]
        trace = self._of_call.get(uuid)
        if trace is None:
            return
        trace.legs[call_id] = str(uuid)
        self._of_id[call_id] = trace
        for entry in self._waiting.pop(call_id, ()):
            trace.add(entry)

    def note(self, leg: UUID, kind: str, what: dict[str, Any]) -> bool:
        """Keep something about a leg; False if there is no such call."""
        trace = self._of_call.get(leg)
        if trace is not None:
            self.note_on(trace, str(leg), kind, what)
        return trace is not None

    def note_on(
        self, trace: Trace, leg: str, kind: str, what: dict[str, Any], *, ago: float = 0.0
    ) -> None:
        """Keep something about a call whose trace is at hand, that began `ago` seconds ago."""
        trace.add(Entry(self._time() - ago, kind, leg, what))

    def ended(self, card: CallCard) -> None:
        """Take it that a leg is over; with its last leg the call is."""
        call = vars(card.call)
        trace = self._of_call.get(call["uuid"])
        if trace is None:
            return
        trace.is_odd = trace.is_odd or call.get("blame") != Blame.NOBODY.value
        trace.open.discard(call["uuid"])
        if not trace.open:
            self._ended.append((self._time(), trace))

    def of(self, call: UUID) -> Trace | None:
        """Give the trace of a call that lives, or has just ended."""
        return self._of_call.get(call)

    def take_ended(self, *, linger: float = LINGER_S) -> list[Trace]:
        """Let go of the calls that ended so many seconds ago."""
        before, taken = self._time() - linger, []
        while self._ended and self._ended[0][0] <= before:
            trace = self._ended.popleft()[1]
            if not trace.open and self._of_call.get(trace.root) is trace:
                self._forget(trace)
                taken.append(trace)
        return taken

    def _forget(self, trace: Trace) -> None:
        for call in trace.calls:
            self._of_call.pop(call, None)
        for call_id in trace.legs:
            self._of_id.pop(call_id, None)

    def __repr__(self) -> str:
        return f"<Traces calls={len(self._of_id)} waiting={len(self._waiting)}>"
