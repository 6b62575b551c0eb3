"""The record of one leg of a bridged call, taken from state to state and closed once.

A bridged call has two: one of the leg that came in, one of the leg that went out. Each tells
its own events and has its own end, price and cause (spec/07, spec/11 D-10).
"""

from collections.abc import Mapping
from typing import Any

from opentact.billing.rating import Rate
from opentact.kit.clock import Clock

from .call_book import CallBook
from .call_events import CallCard
from .calls import CallState
from .causes import Cause
from .endings import ending, entry, priced

ORDER = {state: number for number, state in enumerate(CallState)}


class Cdr:
    """Writes what happens to a leg; states come in their order, and none twice."""

    def __init__(self, card: CallCard, rate: Rate, book: CallBook, clock: Clock) -> None:
        self.card = card
        self.rate = rate
        self._book = book
        self._clock = clock
        self._state: CallState | None = None

    @property
    def is_open(self) -> bool:
        """Whether the record is begun and not closed."""
        return self._state is not None and self._state is not CallState.DESTROYED

    @property
    def answered(self) -> bool:
        """Whether this leg was answered."""
        return self.card.call.answer_on is not None

    def opens(self) -> None:
        """Write the leg down."""
        self._state = CallState.INIT
        self._book.opened(self.card)

    def rings(self) -> None:
        """Note that the leg's callee is alerted."""
        self._goes(CallState.RINGING, "ring_on")

    def answers(self, **values: Any) -> None:
        """Note that the leg was answered; `values` are members learnt with it."""
        self._goes(CallState.LIVE, "answer_on", alive_on=self._clock.now(), **values)

    def joins(self) -> None:
        """Note that the leg hears the other one."""
        self._goes(CallState.BRIDGED, None)

    def hangs_up(self, cause: Cause, note: str | None = None) -> None:
        """Note why and when the leg's talk ended; what it cost follows from that."""
        if not self.is_open or self.card.call.hangup_on is not None:
            return
        call = self.card.call
        call.hangup_on = self._clock.now()
        ended = ending(cause, note, answered=self.answered)
        ticket = self.card.ticket
        ended |= priced(call, self.rate, most=ticket.seconds_paid if ticket else None)
        self._goes(CallState.HANGUP, "hangup_on", **ended)

    def closes(self, media: Mapping[str, Any] | None = None) -> None:
        """Close the record: charge what it cost, and tell its end. Twice is once."""
        if not self.is_open:
            return
        charge = entry(self.card.call)
        if charge is not None:
            self._book.charge(self.card, charge)
        more = {"media": dict(media)} if media else {}
        self._goes(CallState.DESTROYED, "destroy_on", **more)

    def _goes(self, state: CallState, time: str | None, **values: Any) -> None:
        if self._state is None or ORDER[state] <= ORDER[self._state]:
            return
        self._state = state
        if time is not None:
            values[time] = self._clock.now()
        self._book.changed(self.card, state=state, **values)
        self._book.entered(self.card, state)
