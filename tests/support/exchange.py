"""A switchboard over a world's database, whose callers, media and web are of paper."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from ipaddress import ip_network
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson

from opentact.adapters.storage.journal import Journal
from opentact.api.wire.calls import call_entity
from opentact.voice.actor import Props
from opentact.voice.call_book import CallBook
from opentact.voice.conversation import Desk
from opentact.voice.edge import Edge
from opentact.voice.switchboard import Switchboard
from opentact.voice.testing import PaperLeg, PaperMedia
from opentact.voice.testing_engines import PaperFetcher, PaperShelf, PaperSpeech

from .neighbourhood import Neighbourhood
from .numbers import FIRST, buy, stocked
from .world import Tenant, World

HOME = "acme.sip.localhost"
FLOW = '<Say>Hello</Say><Gather dtmf_length="1" timeout="60000"/>'


@dataclass
class Exchange:
    """The parts. `frames` are the events that were stored and published, oldest first."""

    world: World
    board: Switchboard
    media: PaperMedia
    journal: Journal
    recordings: Path
    fetcher: PaperFetcher = field(default_factory=PaperFetcher)
    book: CallBook = field(init=False)
    users: dict[str, UUID] = field(default_factory=dict)
    profile: str = ""
    near: Neighbourhood = field(default_factory=Neighbourhood)

    async def call(self, called: str = f"+{FIRST}", **how: Any) -> PaperLeg:
        """Let a call arrive, and wait until it lives, or was refused and that is stored."""
        leg = PaperLeg(called=called, **how)
        self.board.take(leg)
        await self.until(lambda: leg.status is not None)
        return leg

    async def of_user(self, login: str, called: str, **how: Any) -> PaperLeg:
        """Let a user of acme call, and wait until somebody rings or it is refused."""
        how = {"host": HOME, "caller_host": HOME, "headers": {"x-login": [login]}, **how}
        return await self.rings(PaperLeg(caller=login, called=called, **how))

    async def rings(self, leg: PaperLeg) -> PaperLeg:
        """Let a call arrive, and wait until somebody rings or it is refused and stored."""
        before = len(self.near.dialler.legs)
        self.board.take(leg)
        await self.until(lambda: len(self.near.dialler.legs) > before or leg.status is not None)
        if leg.status not in {None, 200}:
            await self.all_over()
        return leg

    async def until(self, done: Any) -> None:
        """Wait for something that the database has a part in."""
        async with asyncio.timeout(10):
            while not done():  # noqa: ASYNC110 - of threads of a driver no event tells us
                await asyncio.sleep(0)

    async def all_over(self) -> None:
        """Wait until no call is left, and all is stored."""
        async with asyncio.timeout(10):
            while self.board._tasks:
                await asyncio.wait(self.board._tasks)
            await self.until(lambda: not self.book._pages and not self.book._writing)

    def told(self, type_: str = "call_state") -> list[dict[str, Any]]:
        frames = [orjson.loads(each.frame) for each in self.world.published]
        return [frame for frame in frames if frame["type"] == type_]


@asynccontextmanager
async def exchange(
    world: World, folder: Path, neighbourhood: Neighbourhood | None = None
) -> AsyncIterator[Exchange]:
    """Connect it to the world's API as well; without a neighbourhood it stands alone."""
    journal = Journal(world.database, linger=0.0)
    services = world.services
    links = services.recording_links.link
    book = CallBook(journal, services.events, world.clock, link=links, pauses=(0.0,))
    media, fetcher = PaperMedia(prepare=_quick), PaperFetcher()
    props = Props(PaperSpeech(), PaperShelf(), fetcher)
    desk = Desk(book, world.clock, props, folder, call_entity, park_s=30.0)
    edge = Edge("test", "127.0.0.1", (ip_network("127.0.0.0/8"),))
    near = neighbourhood or Neighbourhood()
    parts = None if neighbourhood is None else near.near()
    board = Switchboard(world.database, media, desk, edge, parts)
    services.switchboard, services.recordings = board, folder
    try:
        made = Exchange(world, board, media, journal, folder, fetcher, near=near)
        made.book = book
        yield made
    finally:
        await board.close()
        await book.close()
        await journal.close()


def _quick(leg: Any) -> None:
    leg.play_s = 0.001


async def lead(world: World, tenant: Tenant, inside: str | None = FLOW, **values: Any) -> str:
    """Let the tenant's number `FIRST` lead to an app with a flow; gives the app's uuid."""
    await stocked(world, 3)
    await buy(tenant, FIRST)
    made = (await tenant.client.post("/rest/sip/app", json={"name": "menu", **values})).json()
    app = str(made["payload"]["uuid"])
    if inside is not None:
        files = {"file": ("flow.xml", f"<Response>{inside}</Response>".encode(), "text/xml")}
        await tenant.client.post(f"/rest/sip/app/call/flow/{app}", files=files)
    lease = (await tenant.client.get(f"/rest/lease/tn/{FIRST}/tn")).json()["payload"]
    path = f"/rest/sip/app/{app}/tnlease"
    assert (await tenant.client.post(path, json={"add": [lease["uuid"]]})).is_success
    return app
