"""Writing calls down: rows, events, flow logs and charges, many calls to one commit.

A busy server writes a few thousand rows a second about calls. What is handed in here waits for
company and is stored together; several changes of one call become one row change. `durable` has
a call's page written at once and says when it is stored: a call waits for it before its 200 OK,
the outside hears nothing that could still be lost (design 5). Nobody waits for the other pages:
they go along a little later, so that those in a hurry come by quickly (docs/decisions/0122).
"""

import asyncio
from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from decimal import Decimal
from functools import cache
from itertools import islice
from typing import Any
from uuid import UUID

from opentact.billing.ledger import Line
from opentact.events.log import EventLog
from opentact.kit.clock import Clock
from opentact.kit.entities import Base
from opentact.kit.ids import new_id

from .call_events import CallCard, CallChanged, CommandEnded, RecordingChanged
from .call_lane import PAUSES_S, Journal, Lane
from .call_pages import Page, Writer, are_stored, give_up, will_pass
from .callflow.steps import Command
from .calls import Call, CallFlowLog, CallState
from .recordings import Recording, RecordingState
from .timeline.traces import Traces
from .transcripts import Transcript

# A page that nobody waits for is written at once if no other is waiting. The others are after so
# many times what a batch takes, in seconds, and never later than this.
PATIENCE, LONGEST_LATE_S = 4.0, 0.15
# So many of them in one batch bound how long those in a hurry wait behind it. Where more come than
# batches can take, a part of all: what waits must not grow without end.
MOST_LATE, LATE_PART = 16, 4


class CallBook:
    """Keeps the books of all calls of this node."""

    def __init__(
        self,
        journal: Journal,
        events: EventLog,
        clock: Clock,
        *,
        link: Callable[[UUID, datetime], str],
        pauses: Sequence[float] = PAUSES_S,
        traces: Traces | None = None,
        explain: Callable[[UUID, datetime], str] | None = None,
    ) -> None:
        """Write through `journal`; `link` makes a recording's signed URL.

        `pauses`, in seconds, lie between the tries of a commit that fails. `traces` are told
        which calls begin and end; `explain` makes the link to a call's timeline.
        """
        self._events = events
        self._clock = clock
        self._link = link
        self._traces = traces
        self._explain = explain
        self._writer = Writer(events, clock.now, self._charged)
        self._lane: Lane[list[Page]] = Lane(
            journal,
            take=self._take,
            store=self._writer.store,
            store_each=self._writer.store_each,
            will_pass=will_pass,
            is_stored=are_stored,
            give_up=give_up,
            done=self._written,
            pauses=pauses,
        )
        self._pages: dict[UUID, Page] = {}
        self._writing: dict[UUID, Page] = {}
        self._due = 0  # so many of the oldest pages have waited long enough
        self._late: asyncio.TimerHandle | None = None
        self._open: dict[UUID, dict[UUID, CallCard]] = {}

    def opened(self, card: CallCard) -> None:
        """Write a new call down, in the state it has."""
        self._open.setdefault(card.account.uuid, {})[card.call.uuid] = card
        if self._traces is not None:
            self._traces.opened(card)
        if self._explain is not None:
            card.debug_url = self._explain(card.call.uuid, self._clock.now())
        self._insert(card, card.call)
        self.entered(card, card.call.state)

    def entered(self, card: CallCard, state: CallState) -> None:
        """Write that the call reached a state, and tell."""
        happened = CallChanged(card, state, card.next_seq())
        if state is CallState.DESTROYED:
            # Its frame shows the balance after the call was paid.
            self._page(card).late.append(happened)
            self._forget(card)
            if self._traces is not None:
                self._traces.ended(card)
        else:
            self._tell(card, happened)
        if state is CallState.LIVE:
            self.hurry(card)  # from now on it costs

    def dialled(self, card: CallCard, call_id: str) -> None:
        """Have the SIP messages with this Call-ID kept with the call."""
        if self._traces is not None:
            self._traces.claim(card, call_id)

    def changed(self, card: CallCard, **values: Any) -> None:
        """Write changed members of the call's record."""
        self._change(card, card.call, values)

    def command(self, card: CallCard, command: Command, line: int) -> None:
        """Write a command of the flow into the log, and tell."""
        now = self._clock.now()
        # A row and no entity: nobody looks at it, and to make one is a fiftieth of a call.
        uuid = new_id()
        row = {
            "uuid": uuid,
            "account_uuid": card.account.uuid,
            "call_uuid": card.call.uuid,
            "app_uuid": card.call.app_uuid,
            "name": command.name,
            "success": command.success,
            "command": {"name": command.name, "path": command.path, "line": line},
            "response": command.as_dict(),
            "from_": card.call.from_,
            "tn": card.call.tn,
            "created_on": now,
            "modified_on": now,
        }
        self._page(card).inserts[CallFlowLog, uuid] = row
        self._tell(card, CommandEnded(card, command, line, card.next_seq()))

    def recording_opened(
        self, card: CallCard, recording: Recording, transcript: Transcript | None = None
    ) -> None:
        """Write a recording down that begins now, and that its words are wanted; and tell."""
        self._insert(card, recording)
        if transcript is not None:
            self._insert(card, transcript)
        self._tell(card, RecordingChanged(card, recording, None, card.next_seq()))
        self.hurry(card)  # a file must not be there that no row tells of

    def recording_closed(self, card: CallCard, recording: Recording, **values: Any) -> None:
        """Write how a recording ended, and tell, with its link if it is stored."""
        self._change(card, recording, values)
        stored = recording.state is RecordingState.STORED
        url = self._link(recording.uuid, self._clock.now()) if stored else None
        self._tell(card, RecordingChanged(card, recording, url, card.next_seq()))

    def charge(self, card: CallCard, line: Line) -> None:
        """Charge the account for what the call used, whatever its balance."""
        if card.ticket is not None:
            card.ticket.settling()
        self._page(card).charges.append(line)

    def hurry(self, *cards: CallCard) -> "asyncio.Future[None] | None":
        """Have what there is about these calls written at once.

        The future is done once all of it is stored or given up, which the cards tell; None if
        there is nothing to wait for.
        """
        pages = [page for card in cards if (page := self._pages.get(card.call.uuid))]
        for page in pages:
            page.hurried = True
            self._lane.soon()
        if not pages:
            pages = [page for card in cards if (page := self._writing.get(card.call.uuid))]
        return pages[-1].done if pages else None

    async def durable(self, card: CallCard) -> None:
        """Write what there is about the call at once; raises what the database said."""
        self.hurry(card)
        await self.stored(card)

    async def stored(self, card: CallCard) -> None:
        """Wait until all about the call is stored in its time; raises what the database said."""
        page = self._pages.get(card.call.uuid) or self._writing.get(card.call.uuid)
        if page is not None:
            await page.wait()
        if card.lost is not None:
            raise card.lost

    async def close(self) -> None:
        """Write what there is, and stop."""
        self._write_all()
        await self._lane.close()

    def _tell(self, card: CallCard, happened: object) -> None:
        page = self._page(card)
        page.ready.append(self._events.draft(happened, self._clock.now()))

    def _insert(self, card: CallCard, entity: Call | Recording | Transcript) -> None:
        self._page(card).inserts[type(entity), entity.uuid] = _row_of(entity)

    def _change(self, card: CallCard, entity: Call | Recording, values: dict[str, Any]) -> None:
        values["modified_on"] = self._clock.now()
        # Not by setattr: no session follows these, and the mapper's notes cost more than the rest.
        vars(entity).update(values)
        kind: type[Base] = type(entity)
        self._page(card).change((kind, entity.uuid), values)

    def _page(self, card: CallCard) -> Page:
        page = self._pages.get(card.call.uuid)
        if page is None:
            alone = not self._pages
            page = self._pages[card.call.uuid] = Page(card)
            if alone:
                self._due = 1
                self._lane.soon()
            elif self._late is None:
                wait = min(PATIENCE * self._lane.took, LONGEST_LATE_S)
                self._late = asyncio.get_running_loop().call_later(wait, self._write_all)
        return page

    def _write_all(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None
        if self._pages:
            self._due = len(self._pages)
            self._lane.soon()

    def _take(self) -> list[Page]:
        late = [uuid for uuid in islice(self._pages, self._due) if not self._pages[uuid].hurried]
        most = max(MOST_LATE, len(late) // LATE_PART)
        taken = [uuid for uuid, page in self._pages.items() if page.hurried] + late[:most]
        self._writing = {uuid: self._pages.pop(uuid) for uuid in taken}
        self._due = len(late[most:])
        if self._due:
            self._lane.soon()
        return list(self._writing.values())

    def _written(self, pages: Collection[Page]) -> None:
        self._writing = {}
        for page in pages:
            page.finish()

    def _charged(self, account: UUID, balance: Decimal) -> None:
        """Let the frames of the account's live calls show the new balance."""
        for card in self._open.get(account, {}).values():
            card.account.balance = balance

    def _forget(self, card: CallCard) -> None:
        cards = self._open.get(card.account.uuid, {})
        cards.pop(card.call.uuid, None)
        if not cards:
            self._open.pop(card.account.uuid, None)


@cache
def _members(kind: type[Base]) -> tuple[str, ...]:
    return tuple(attr.key for attr in kind.__mapper__.column_attrs)


def _row_of(entity: Base) -> dict[str, Any]:
    """Read all members of a row just made, asking SQLAlchemy only once for each default."""
    have, usual = vars(entity), _usual(type(entity))
    row = {}
    for name in _members(type(entity)):
        if name in have:
            row[name] = have[name]
        else:
            if name not in usual:
                usual[name] = getattr(entity, name)
            row[name] = usual[name]
    return row


@cache
def _usual(kind: type[Base]) -> dict[str, Any]:
    """Keep what members are that nobody set; what may be changed is made for each row."""
    del kind
    return {}


def new_recording(
    card: CallCard, tag: str | None, file: str, now: datetime, **values: Any
) -> Recording:
    """Make the row of a recording of the call."""
    uuid = new_id()
    return Recording(
        uuid=uuid,
        account_uuid=card.account.uuid,
        call_uuid=card.call.uuid,
        tag=tag,
        file=file,
        created_on=now,
        modified_on=now,
        **values,
    )
