"""A bridge of paper: a caller, callees of whom the first to answer wins, and what came of it."""

import asyncio
from typing import Any

from opentact.billing.rating import Rate
from opentact.kit.money import ZERO
from opentact.voice.bridge import Bridge, BridgeDesk
from opentact.voice.bridge_media import BridgeMedia, Bypass, Proxy
from opentact.voice.call_events import CallCard
from opentact.voice.cards import Cards
from opentact.voice.causes import Cause
from opentact.voice.cdr import Cdr
from opentact.voice.dialling import CalledLeg, Fork
from opentact.voice.testing import OFFER, PaperLeg, PaperMedia
from opentact.voice.testing_legs import PaperCallee, PaperDialler

from .phone import OpenBook, account
from .virtual_time import LoopClock, settle

HELD = OFFER + b"a=sendonly\r\n"
LIFE = ["init", "ringing", "live", "bridged", "hangup", "destroyed"]


class Held:
    """A ticket that counts how often it was closed."""

    def __init__(self) -> None:
        self.closed = 0
        self.end: Any = None

    def answered(self, end: Any) -> None:
        self.end = end

    def close(self) -> None:
        self.closed += 1


class Bridged:
    """A bridge of paper: a caller, and callees of which the first to answer wins."""

    def __init__(self, offer: bytes | None = OFFER) -> None:
        self.leg = PaperLeg(offer=offer)
        self.dialler = PaperDialler()
        self.book = OpenBook()
        self.told: list[int | None] = []
        self.ticket = Held()
        self.tasks: set[asyncio.Task[None]] = set()
        self.media = PaperMedia()
        self.closed = 0

    async def begin(self, *stages: str, proxy: bool = False) -> "Bridged":
        cards = Cards(LoopClock(), "test")
        self.incoming = cards.received(self.leg, account(), bridged=True)
        self.outgoing = cards.sent(self.incoming, "alice", "bob", user=None)
        clock, rate = LoopClock(), Rate(ZERO)
        desk = BridgeDesk(
            self.book, self._dial, lambda _, status: self.told.append(status), self._spawn
        )
        media = await self._media() if proxy else Bypass(self.leg.offer or b"")
        self.bridge = Bridge(
            self.leg,
            Cdr(self.incoming, rate, self.book, clock),
            Cdr(self.outgoing, rate, self.book, clock),
            media,
            [self.ticket],
            desk,
            hops=69,
        )
        self.bridge.on_closed = self._gone
        if isinstance(media, Proxy):
            media.listen(self.bridge.on_media)
        made = [[Fork(f"sip:{one}@x", "<sip:x>", "<sip:y>") for one in each] for each in stages]
        self.bridge.start(made or [[Fork("sip:b@x", "<sip:x>", "<sip:y>")]])
        await settle()
        return self

    async def _media(self) -> BridgeMedia:
        legs = [await self.media.open(card.call.uuid, "192.0.2.1") for card in self.cards]
        legs[1].port = 30_000
        return Proxy(legs[0], legs[1], self.leg.offer)

    def _dial(self, fork: Fork, sdp: bytes, *, hops: int) -> CalledLeg:
        return self.dialler.call(fork.target, sdp=sdp, hops=hops)

    def _spawn(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self.tasks.add(task)

    def _gone(self) -> None:
        self.closed += 1

    @property
    def cards(self) -> tuple[CallCard, CallCard]:
        return self.incoming, self.outgoing

    @property
    def callee(self) -> PaperCallee:
        return self.dialler.legs[-1]

    def life(self, card: CallCard) -> list[str]:
        told = (f for f in self.book.log.frames if f["type"] == "call_state")
        return [f["payload"]["state"] for f in told if f["ref_id"] == str(card.call.uuid)]

    def lose_media(self) -> None:
        for leg in self.media.legs:
            leg.dies()

    async def up(self) -> "Bridged":
        self.callee.rings()
        self.callee.answers()
        await settle()
        assert self.leg.state == "up"
        return self

    async def over(self) -> "Bridged":
        await settle()
        while self.tasks:
            await self.tasks.pop()
        await self.book.close()
        return self

    def ends(self, cause: Cause) -> bool:
        return all(card.call.cause == cause.name for card in self.cards)
