"""Ringing several at once for a flow: each a call of its own, the first who answers is the one.

All INVITEs carry the offer of one line (voice/called_line.py), which belongs to who answers. Every
call that was begun has a record that ends once, whatever came of it.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial

import structlog

from . import causes
from .bridge import BridgeDesk
from .called_line import CalledLine
from .causes import Cause, cause_of_status
from .cdr import Cdr
from .dial_plan import Placed
from .dialling import CalledLeg
from .endings import told
from .hunt import ELSEWHERE, Hunt, Outcome
from .media import MediaStats
from .sdp.faults import SdpRefused
from .sip.effects import Answered, Progressed

log = structlog.get_logger(__name__)
Rings = Callable[[CalledLine, bool], None]
"""Told that somebody is alerted, and whether the line has something to be heard already."""


@dataclass(eq=False)
class Attempt:
    """One target: its record, and the search for who answers there."""

    placed: Placed
    cdr: Cdr
    search: "Search"
    hunt: Hunt | None = None
    cause: Cause | None = None
    words: str = ""
    on_over: Callable[[Cause], None] | None = field(default=None, repr=False)

    def on_progress(self, leg: CalledLeg, event: Progressed) -> None:
        del leg
        self.cdr.rings()
        self.search.rang(event)

    def on_answer(self, leg: CalledLeg, event: Answered) -> None:
        self.search.answered(self, leg, event)

    def on_nobody(self, outcome: Outcome) -> None:
        no_reply = outcome.status == causes.NO_REPLY.sip
        cause = causes.NO_REPLY if no_reply else cause_of_status(outcome.status, outcome.phrase)
        self.ends(cause)

    def end(self, cause: Cause) -> None:
        """End it from outside: what rings, or whom it is connected with."""
        if self.on_over is not None:
            self.on_over(cause)
        else:
            self.ends(cause)

    def ends(self, cause: Cause, words: str | None = None, *, reason: str | None = None) -> None:
        """Stop ringing there, and close the record."""
        if self.over(cause, words, reason=reason):
            self.closes(None)
            self.search.lost()

    def over(self, cause: Cause, words: str | None = None, *, reason: str | None = None) -> bool:
        """Stop ringing, and note why it ended; False if that is decided already."""
        if self.cause is not None:
            return False
        self.cause, self.words = cause, words or cause.words
        if self.hunt is not None:
            self.hunt.give_up(reason or cause.reason_header)
        self.cdr.hangs_up(cause, words)
        return True

    def closes(self, stats: MediaStats | None) -> None:
        """Close the record, and give back what the call held."""
        self.cdr.closes(told(stats) if stats else None)
        if self.placed.allowed is not None:
            self.placed.allowed.ticket.close()
        self.search.closed(self)


class Search:
    """Everybody rings. `found` is done with who answered, or None when nobody will."""

    def __init__(
        self,
        line: CalledLine | None,
        desk: BridgeDesk,
        hops: int,
        closed: Callable[[Attempt], None],
    ) -> None:
        """`line` is for who answers, None if all are refused.

        `hops` is how many servers the calls may still pass; `closed` hears of each end.
        """
        self.line = line
        self.found: asyncio.Future[Attempt | None] = asyncio.get_running_loop().create_future()
        self.on_rings: Rings = lambda _line, _early: None
        self.attempts: list[Attempt] = []
        self.closed = closed
        self._desk = desk
        self._hops = hops
        self._started = False

    def add(self, placed: Placed, cdr: Cdr) -> Attempt:
        """Write a call down; one that is refused is over at once."""
        attempt = Attempt(placed, cdr, self)
        cdr.opens()
        self.attempts.append(attempt)
        if placed.refusal is not None:
            attempt.ends(placed.refusal.cause, placed.refusal.words)
        return attempt

    def start(self) -> None:
        """Ring all who are not refused."""
        for attempt in self.attempts:
            dial = partial(self._desk.dial_for, attempt.placed.card, hops=self._hops)
            if self.line is not None and attempt.cause is None and not self.found.done():
                stages = attempt.placed.stages
                attempt.hunt = Hunt(stages, attempt, dial, self._desk.told)
                attempt.hunt.start(self.line.offer)
        self._started = True
        self.lost()

    def rang(self, event: Progressed) -> None:
        """Tell that somebody is alerted; what is played is heard only if one phone rings."""
        if self.found.done() or self.line is None:
            return
        alone = sum(len(s) for each in self.attempts for s in each.placed.stages) == 1
        early = alone and event.sdp is not None and self.line.early(event.sdp)
        self.on_rings(self.line, early)

    def answered(self, attempt: Attempt, leg: CalledLeg, event: Answered) -> None:
        """Take the first who answers; the others are given up."""
        if self.line is None:
            return
        try:
            self.line.answered(leg, event.sdp)
        except SdpRefused as refused:
            leg.hangup(reason=causes.MEDIA_REFUSED.reason_header)
            attempt.ends(causes.MEDIA_REFUSED, f"{causes.MEDIA_REFUSED.words}: {refused}")
            return
        parent = attempt.placed.card.parent
        attempt.cdr.answers(
            sip_call_id=leg.call_id,
            source=f"{leg.destination[0]}:{leg.destination[1]}",
            peer_uuid=parent.call.uuid if parent else None,
        )
        if attempt.placed.allowed is not None:
            attempt.placed.allowed.ticket.answered(attempt.end)
        if not self.found.done():
            self.found.set_result(attempt)
        for other in self.attempts:
            if other is not attempt:
                other.ends(causes.ANSWERED_ELSEWHERE, reason=ELSEWHERE)

    def lost(self) -> None:
        """Look whether anybody is left who may answer."""
        left = any(each.cause is None for each in self.attempts)
        if self._started and not left and not self.found.done():
            self.found.set_result(None)

    def give_up(self, cause: Cause) -> None:
        """End all that is left, who answered too."""
        for attempt in self.attempts:
            with suppress(Exception):
                attempt.ends(cause)
        if self.line is not None:
            self.line.hang_up(cause.reason_header)

    def why_nobody(self) -> str:
        """Say, for each target, why nobody answered there."""
        said = [(each.placed.card.call.to, each.words) for each in self.attempts]
        if len(said) == 1:
            return said[0][1]
        return "nobody answered: " + "; ".join(f"{to}: {words}" for to, words in said)
