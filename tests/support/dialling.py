"""A caller's line and those who are dialled for it, on paper."""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

from opentact.kit.ids import new_id
from opentact.voice.bridge import BridgeDesk
from opentact.voice.call_events import CallCard
from opentact.voice.called_line import CalledLine
from opentact.voice.calls import Call, Direction
from opentact.voice.cdr import Cdr
from opentact.voice.dial_plan import FREE, Placed, Refusal
from opentact.voice.dial_search import Attempt, Search
from opentact.voice.dialling import Fork
from opentact.voice.line import Line
from opentact.voice.partner import Partner
from opentact.voice.sdp.offer_answer import answer
from opentact.voice.testing import PaperLeg, PaperMediaLeg
from opentact.voice.testing_legs import PaperCallee

from .phone import OpenBook, account
from .virtual_time import LoopClock
from .world import NOON


def answer_of(callee: PaperCallee, host: str = "192.0.2.60") -> bytes:
    return answer(callee.sdp, host=host, port=4002, session_id=1)[0]


def placed(to: str, *, forks: int = 1, refusal: Refusal | None = None) -> Placed:
    """A call to be made to `to`, by so many INVITEs at once."""
    call = Call(
        account_uuid=account().uuid,
        direction=Direction.OUT,
        from_="+12025550199",
        to=to,
        node="test",
        init_on=NOON,
        created_on=NOON,
        modified_on=NOON,
    )
    uri = f"sip:{to}@192.0.2.50"
    stage = [Fork(uri, f"<{uri}>", "<sip:caller@192.0.2.1>")] * forks
    return Placed(CallCard(call, account()), [stage], refusal=refusal)


@dataclass
class Dialled:
    """A search under test. `callees` are the INVITEs that were sent."""

    book: OpenBook = field(default_factory=OpenBook)
    callees: list[PaperCallee] = field(default_factory=list)
    ended: list[str] = field(default_factory=list)
    tasks: list[Coroutine[Any, Any, None]] = field(default_factory=list)
    leg: PaperLeg = field(default_factory=PaperLeg)
    media: PaperMediaLeg = field(default_factory=lambda: PaperMediaLeg(new_id(), play_s=None))
    other: PaperMediaLeg = field(default_factory=lambda: PaperMediaLeg(new_id(), play_s=None))
    line: Line = field(init=False)
    search: Search = field(init=False)

    def begin(self) -> "Dialled":
        self.line = Line(self.leg, self.media)
        self.line.negotiate()
        self.line.pick_up()
        self.search = Search(CalledLine(self.other), self.desk(), 69, self._closed)
        return self

    def desk(self) -> BridgeDesk:
        return BridgeDesk(self.book, self._dial, lambda _fork, _status: None, self.tasks.append)

    def add(self, to: Placed) -> Attempt:
        return self.search.add(to, Cdr(to.card, FREE, self.book, LoopClock()))

    async def end(self) -> None:
        for task in self.tasks:
            await task
        await self.line.close()
        if self.search.line is not None:
            await self.search.line.close()

    def causes(self) -> list[str | None]:
        return [each.placed.card.call.cause for each in self.search.attempts]

    def _closed(self, attempt: Attempt) -> None:
        self.ended.append(attempt.placed.card.call.to)

    def _dial(self, fork: Fork, sdp: bytes, *, hops: int) -> PaperCallee:
        callee = PaperCallee(fork.target, sdp, {"hops": hops})
        self.callees.append(callee)
        return callee


def connected(after: Callable[[Dialled], None] = lambda _: None) -> tuple[Dialled, Partner]:
    """A caller who is connected with bob."""
    made = Dialled().begin()
    after(made)
    attempt = made.add(placed("bob"))
    made.search.start()
    made.callees[0].answers(answer_of(made.callees[0]))
    assert made.search.line is not None
    partner = Partner(attempt, made.search.line, made.line, made.desk())
    partner.join()
    return made, partner
