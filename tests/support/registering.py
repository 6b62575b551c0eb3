"""A registrar over a world's database, and phones that log in there, without sockets."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from opentact.adapters.storage.journal import Journal
from opentact.voice.binding_book import BindingBook
from opentact.voice.bindings import SipBinding
from opentact.voice.registrations import Registrations
from opentact.voice.sip.authorization import Challenge
from opentact.voice.sip.digest import Challenger, Credentials, answer_challenge
from opentact.voice.sip.machine import Address
from opentact.voice.sip.message import Request
from opentact.voice.sip.parser import parse
from opentact.voice.sip_directory import SipDirectory
from opentact.voice.sip_login import SipLogins

from .sip_people import SECRET
from .world import World

NODE = "node-1"
DOMAIN = "acme.sip.localhost"
HOME = Address("192.0.2.7", 40000)


@dataclass(frozen=True, slots=True)
class Answered:
    """What somebody was answered; headers in their order."""

    status: int
    phrase: str | None
    headers: tuple[tuple[str, str], ...]

    def each(self, name: str) -> list[str]:
        return [value for found, value in self.headers if found == name]


class FakeAsked:
    """A REGISTER that was received; `answer` is what became of it."""

    def __init__(self, request: Request, source: Address) -> None:
        self.request = request
        self.source = source
        self.answer: asyncio.Future[Answered] = asyncio.get_running_loop().create_future()

    def respond(
        self, status: int, phrase: str | None = None, headers: Iterable[tuple[str, str]] = ()
    ) -> None:
        self.answer.set_result(Answered(status, phrase, tuple(headers)))


class Rig:
    """The registrar's parts. `suspicions` are what a guard would be told: (what, detail)."""

    def __init__(self, world: World, node: str = NODE, old_agents: Sequence[str] = ()) -> None:
        self.world = world
        self.node = node
        self.suspicions: list[tuple[str, str]] = []
        self.challenger = Challenger(b"s" * 32)
        self.directory = SipDirectory(world.database, self.now)
        self.logins = SipLogins(
            self.directory,
            self.challenger,
            self.now,
            lambda _, what, detail: self.suspicions.append((what, detail)),
            old_agents,
        )
        self.journal = Journal(world.database, linger=0)
        self.book = BindingBook(self.journal, world.services.events, world.clock, node)
        self.registrar = Registrations(world.database, self.logins, self.book, self.now)

    def now(self) -> float:
        return self.world.clock.now().timestamp()

    async def ask(self, request: Request, source: Address = HOME) -> Answered:
        """Send a REGISTER and wait for its answer."""
        asked = FakeAsked(request, source)
        self.registrar.take(asked)
        return await asyncio.wait_for(asked.answer, 10)

    async def stop(self) -> None:
        await self.registrar.close()
        await self.directory.close()
        await self.journal.close()


def states(world: World) -> list[str]:
    """Read who was told to be online and offline, in the words of the events."""
    return [
        event.frame.partition('"message":"')[2].partition('"')[0]
        for event in world.published
        if event.type == "sip_user_state"
    ]


def registration(user: UUID, now: datetime, **other: Any) -> SipBinding:
    """Make a stored binding of a user, as a registrar of some node has left it."""
    values: dict[str, Any] = {
        "user_uuid": user,
        "key": f"sip:phone@192.0.2.7;of={user}",
        "node": "elsewhere",
        "contact": f"sip:phone@192.0.2.7;of={user}",
        "host": "192.0.2.7",
        "port": 40000,
        "transport": "udp",
        "flow": 0,
        "call_id": "c",
        "number": 1,
        "path": [],
        "instance": None,
        "reg_id": None,
        "weight": 1000,
        "agent": "phone",
        "since": now,
        "expires_on": now + timedelta(hours=1),
    }
    return SipBinding(**{**values, **other})


@asynccontextmanager
async def registrar(world: World, **more: Any) -> AsyncIterator[Rig]:
    """Run a registrar until the block ends."""
    rig = Rig(world, **more)
    await rig.registrar.start(rig.node)
    try:
        yield rig
    finally:
        await rig.stop()


@dataclass
class Phone:
    """A phone of a user. `number` counts its requests."""

    rig: Rig
    login: str = "ann"
    password: str = SECRET
    source: Address = HOME
    domain: str = DOMAIN
    number: int = 0
    called: str | None = None
    headers: list[str] = field(default_factory=list)
    algorithm: str = "SHA-256"

    @property
    def contact(self) -> str:
        return f"<sip:{self.login}@{self.source}>"

    async def register(self, *lines: str, expires: int = 600) -> Answered:
        """Register as a phone does: ask, be challenged, prove who it is."""
        lines = lines or (f"Contact: {self.contact};expires={expires}",)
        challenged = await self.rig.ask(self.request(*lines), self.source)
        if challenged.status != 401:
            return challenged
        return await self.rig.ask(self.proven(challenged, *lines), self.source)

    def request(self, *lines: str) -> Request:
        """Write a REGISTER without credentials."""
        self.number += 1
        to = self.called or f"sip:{self.login}@{self.domain}"
        message = parse(
            "\r\n".join(
                [
                    f"REGISTER sip:{self.domain} SIP/2.0",
                    f"Via: SIP/2.0/UDP 10.0.0.1;branch=z9hG4bK{self.number}",
                    f"From: <{to}>;tag=1",
                    f"To: <{to}>",
                    f"Call-ID: {self.login}-{self.source.port}",
                    f"CSeq: {self.number} REGISTER",
                    *self.headers,
                    *lines,
                    "\r\n",
                ]
            ).encode()
        )
        assert isinstance(message, Request)
        return message

    def proven(self, challenged: Answered, *lines: str, count: int = 1) -> Request:
        """Write a REGISTER that answers a challenge."""
        challenges = map(Challenge.parse, challenged.each("www-authenticate"))
        [challenge] = [each for each in challenges if each.algorithm == self.algorithm]
        credentials = Credentials(self.login, self.password)
        uri = f"sip:{self.domain}"
        proof = answer_challenge(challenge, "REGISTER", uri, credentials, "cn", count)
        return self.request(*lines, f"Authorization: {proof}")
