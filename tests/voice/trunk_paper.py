"""A network of trunks on paper: targets that answer as told, and a keeper that asks them."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any
from uuid import UUID

from opentact.voice.sip.digest import Credentials
from opentact.voice.sip.effects import Reply
from opentact.voice.sip.machine import Address
from opentact.voice.trunk_keeper import News, TrunkKeeper
from opentact.voice.trunk_rows import Rows
from opentact.voice.trunk_ways import Trunk, TrunkKind, TrunkTarget
from opentact.voice.trunks import Trunks

ONE, TWO = (TrunkTarget(f"192.0.2.{n}", 5060, priority=n) for n in (1, 2))


def trunk(*targets: TrunkTarget, register: bool = False, options: int = 0, **more: Any) -> Trunk:
    return Trunk(
        TrunkKind.CONNECTION,
        UUID(int=1),
        "pbx",
        targets or (ONE,),
        account=UUID(int=7),
        credentials=Credentials("me", "secret"),
        register=register,
        options_interval=options,
        **more,
    )


@dataclass(frozen=True)
class Sent:
    """One request, as the far end got it."""

    at: float
    method: str
    target: str
    destination: Address | None
    headers: dict[str, str]
    number: int
    call_id: str | None


class RowsOnPaper(Trunks):
    """Trunks whose rows are given, not read."""

    rows: Rows

    async def fresh(self) -> None:
        if self._stale:
            self._stale = False
            self.take(self.rows)


@dataclass
class Net:
    """What was sent and told. `answer` says what a request gets; None is silence."""

    answer: Callable[[Sent], int | Reply | None] = lambda _sent: 200
    may_reach: Callable[[str], bool] = lambda _host: True
    names: dict[str, tuple[Address, ...]] = field(default_factory=dict)
    sent: list[Sent] = field(default_factory=list)
    news: list[tuple[str, str, str]] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        loop = asyncio.get_running_loop()
        self.trunks = RowsOnPaper(
            NoStorage(), loop.time, Random(5).randrange, may_reach=self.may_reach
        )
        self.trunks.rows = Rows()
        self.keeper = TrunkKeeper(
            self.trunks, self, self._locate, self._tell, place="198.51.100.1:5060"
        )

    def have(self, *there: Trunk) -> None:
        self.trunks.rows = Rows(there)
        self.trunks.changed()

    def ask(self, method: str, target: str, **how: Any) -> Awaitable[Reply]:
        loop = asyncio.get_running_loop()
        sent = Sent(
            loop.time(),
            method,
            target,
            how.get("destination"),
            dict(how.get("headers", ())),
            how.get("number", 1),
            how.get("call_id"),
        )
        self.sent.append(sent)
        said = self.answer(sent)
        answered: asyncio.Future[Reply] = loop.create_future()
        if said is not None:
            answered.set_result(said if isinstance(said, Reply) else Reply(said, "x"))
        return answered

    def asked(self, method: str) -> list[Sent]:
        return [each for each in self.sent if each.method == method]

    async def _locate(self, uri: str) -> tuple[Address, ...]:
        return self.names.get(uri, ())

    async def _tell(self, news: Sequence[News]) -> None:
        self.news += [(part.value, before, after) for _, part, _, before, after, _ in news]
        self.reasons += [reason for *_, reason in news]


class NoStorage:
    """A storage that may not be asked."""

    def read(self) -> Any:
        raise AssertionError("rows are on paper")

    write = read
