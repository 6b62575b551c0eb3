"""A call on paper whose flow has dialled somebody: both ends, and what they hear."""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any

from opentact.kit.ids import new_id
from opentact.voice.bridge import BridgeDesk
from opentact.voice.dial_plan import DialPlan, Origin, Placed
from opentact.voice.dialling import CalledLeg, Fork
from opentact.voice.flow_dial import DialDesk
from opentact.voice.testing import PaperMedia, PaperMediaLeg
from opentact.voice.testing_legs import PaperCallee, PaperDialler

from .dialling import answer_of, placed
from .phone import Phone, flow
from .virtual_time import LoopClock, settle

FLOW = "<Dial>{}</Dial><Say>After</Say>"


class PaperPlan(DialPlan):
    """Everybody can be called, and every number is one's own."""

    def __init__(self) -> None:
        """Nothing is asked."""

    async def may_show(self, origin: Origin, number: str) -> bool:
        del origin, number
        return True

    async def place(self, origin: Origin, target: str, caller_id: str | None) -> Placed:
        del caller_id
        made = placed(target)
        made.card.parent = origin.card
        return made


@dataclass
class Talk:
    """The call. `caller` and `callee` are what the two hear."""

    flow: str = FLOW.format("+12025550123")
    phone: Phone = field(default_factory=Phone)
    dialler: PaperDialler = field(default_factory=PaperDialler)
    media: PaperMedia = field(default_factory=PaperMedia)
    tasks: list["asyncio.Task[None]"] = field(default_factory=list)

    async def rings(self) -> "Talk":
        self.phone.media = PaperMediaLeg(new_id())
        await self.phone.ring()
        talk = self.phone.conversation
        desk = BridgeDesk(self.phone.book, self._dial, lambda _fork, _status: None, self._spawn)
        live: dict[Any, Any] = {}
        talk.can_dial(DialDesk(PaperPlan(), self.media, "192.0.2.1", desk, LoopClock(), live))
        self.post(self.flow)
        await settle()
        return self

    def post(self, inside: str) -> None:
        self.phone.conversation.replace(flow(inside))

    @property
    def bob(self) -> PaperCallee:
        return self.dialler.legs[0]

    @property
    def caller(self) -> PaperMediaLeg:
        return self.phone.media

    @property
    def callee(self) -> PaperMediaLeg:
        return self.media.legs[0]

    async def ends(self) -> None:
        self.phone.leg.hangs_up()
        await self.phone.ended()
        await asyncio.gather(*self.tasks)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        self.tasks.append(asyncio.create_task(work))

    def _dial(self, fork: Fork, sdp: bytes, *, hops: int) -> CalledLeg:
        return self.dialler.call(fork.target, to=fork.to, caller=fork.caller, sdp=sdp, hops=hops)


async def talk(**how: Any) -> Talk:
    """Let the caller talk with whom its flow has dialled."""
    made = await Talk(**how).rings()
    made.bob.answers(answer_of(made.bob))
    await settle()
    return made
