"""One call on paper: a conversation with everything it stands on, and what came of it."""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy.ext.asyncio import AsyncSession

from opentact.accounts.accounts import Account
from opentact.api.wire.calls import call_entity
from opentact.api.wire.events import render
from opentact.billing.ledger import Line as Entry
from opentact.billing.rating import Rate
from opentact.events.log import EventLog, Logged, Ready
from opentact.kit.ids import new_id
from opentact.voice.actor import Props
from opentact.voice.apps import SipControlApp
from opentact.voice.call_book import CallBook
from opentact.voice.call_events import CallCard
from opentact.voice.call_lane import Lane
from opentact.voice.call_pages import Page, give_up
from opentact.voice.callflow.document import FlowDocument, read
from opentact.voice.calls import Call, CallState, Direction
from opentact.voice.conversation import Conversation, Desk
from opentact.voice.line import Line
from opentact.voice.testing import PaperLeg, PaperMediaLeg
from opentact.voice.testing_engines import PaperFetcher, PaperJournal, PaperShelf, PaperSpeech

from .virtual_time import LoopClock, settle
from .world import NOON

ACCOUNT = new_id()


def flow(inside: str) -> FlowDocument:
    """A flow of these commands."""
    return read(f"<Response>{inside}</Response>".encode())


def account(balance: str = "100") -> Account:
    return Account(
        uuid=ACCOUNT,
        name="alice",
        email="alice@example.com",
        balance=Decimal(balance),
        created_on=NOON,
        modified_on=NOON,
    )


def app(**values: Any) -> SipControlApp:
    usual = {"name": "menu", "tech_prefix": 1, "account_uuid": ACCOUNT}
    return SipControlApp(created_on=NOON, modified_on=NOON, **{**usual, **values})


def card(
    *, balance: str = "100", of: SipControlApp | None = None, rate: Decimal = Decimal(0)
) -> CallCard:
    call = Call(
        account_uuid=ACCOUNT,
        direction=Direction.IN,
        from_="+12025550199",
        to="12025550100",
        tn=12025550100,
        node="test",
        rate=rate,
        init_on=NOON,
        created_on=NOON,
        modified_on=NOON,
    )
    return CallCard(call, account(balance), of or app())


class HeardLog(EventLog):
    """An event log that remembers what was spelt."""

    def __init__(self) -> None:
        self.frames: list[dict[str, Any]] = []
        super().__init__(render, _nobody)

    def draft(self, happened: object, at: datetime) -> Ready:
        ready = super().draft(happened, at)
        self.frames.append(orjson.loads(ready.frame))
        return ready


def _nobody(_: list[Logged]) -> None:
    pass


def link(uuid: UUID, now: datetime) -> str:
    return f"http://test/{uuid}?{now:%H%M}"


async def _never(*_: object) -> bool:
    return False


class OpenBook(CallBook):
    """The books of calls, open to be read: states reached, charges made, rows written, in order."""

    def __init__(self, journal: PaperJournal | None = None) -> None:
        self.journal = journal or PaperJournal()
        self.log = HeardLog()
        self.states: list[CallState] = []
        self.charges: list[Entry] = []
        self.rows: list[tuple[str, dict[str, Any]]] = []
        super().__init__(self.journal, self.log, LoopClock(), link=link)
        self._lane = Lane(
            self.journal,
            take=self._take,
            store=self._read_out,
            store_each=self._read_out,
            will_pass=lambda _: False,
            is_stored=_never,
            give_up=give_up,
            done=self._written,
        )

    async def _read_out(self, _: AsyncSession, pages: list[Page]) -> None:
        for page in pages:
            self.rows += ((kind.__tablename__, row) for (kind, _), row in page.inserts.items())
            for happened in page.late:
                self.log.draft(happened, LoopClock().now())

    def entered(self, card: CallCard, state: CallState) -> None:
        self.states.append(state)
        super().entered(card, state)

    def charge(self, card: CallCard, line: Entry) -> None:
        self.charges.append(line)
        super().charge(card, line)


@dataclass
class Phone:
    """A call under test. `ring` lets it begin; `ended` waits for its end."""

    leg: PaperLeg = field(default_factory=PaperLeg)
    media: PaperMediaLeg = field(default_factory=lambda: PaperMediaLeg(new_id()))
    app: SipControlApp = field(default_factory=app)
    static: bytes | None = None
    rate: Rate = field(default_factory=lambda: Rate(Decimal(0)))
    balance: str = "100"
    time_zone: str = "UTC"
    speech: PaperSpeech = field(default_factory=PaperSpeech)
    shelf: PaperShelf = field(default_factory=PaperShelf)
    fetcher: PaperFetcher = field(default_factory=PaperFetcher)
    book: OpenBook = field(default_factory=OpenBook)
    conversation: Conversation = field(init=False)
    task: "asyncio.Task[None]" = field(init=False)

    async def ring(self) -> "Phone":
        props = Props(self.speech, self.shelf, self.fetcher)
        desk = Desk(self.book, LoopClock(), props, Path("/recordings"), call_entity)
        line = Line(self.leg, self.media)
        line.negotiate()
        one = card(balance=self.balance, of=self.app, rate=self.rate.per_minute)
        one.account.time_zone = self.time_zone
        self.conversation = Conversation(one, self.app, self.static, self.rate, line, desk)
        self.task = asyncio.create_task(self.conversation.run())
        await settle()
        return self

    async def ended(self) -> Call:
        await self.task
        return self.call

    @property
    def call(self) -> Call:
        return self.conversation.card.call

    @property
    def statuses(self) -> list[Any]:
        """What the caller was sent, bodies left out."""
        return [each[0] for each in self.leg.sent]

    @property
    def commands(self) -> list[tuple[str, bool, str]]:
        """The flow's commands as they ended: path, success, reason."""
        told = [frame["payload"]["command"] for frame in self.frames("call_flow")]
        return [(each["path"], each["success"], each["reason"]) for each in told]

    def frames(self, type_: str) -> list[dict[str, Any]]:
        return [frame for frame in self.book.log.frames if frame["type"] == type_]


async def call_for(inside: str, **how: Any) -> Phone:
    """Let a call ring whose static flow has these commands."""
    return await Phone(static=f"<Response>{inside}</Response>".encode(), **how).ring()
