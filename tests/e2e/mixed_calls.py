"""Calls of every kind at once, for a server that is about to be harmed, and its rest after that.

A crowd calls numbers that talk, record, play and dial; the API places calls, a batch calls, and
numbers are ordered beside. What is written afterwards is held against what the callers saw.
"""

import asyncio
import random
import secrets
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import httpx

from e2e.crowd import Crowd, Talk, now
from e2e.sounds import tone
from e2e.web import Page, Web, until
from opentact.voice.calls import Call
from opentact.voice.recordings import Recording, RecordingState
from support.books import faults_of
from support.command import command
from support.live_server import Customer, Server, customer

# A record is charged until the last sign of life, at most five seconds old when it is stored; a
# busy machine stores it late.
HEARTBEAT = timedelta(seconds=5 + 2)
# A BYE that is lost is repeated after 0.5, 1 and 2 s.
ABOUT = timedelta(seconds=4)
PATIENCE_S = 60.0
DEMO = "demo@opentact.local"

TALKS = """<Response><Record tag="talk"><Say>{words}</Say><Pause length="60000"/></Record>
</Response>"""
PLAYS = """<Response><RecordStart tag="play" format="mp3" leg="both"/>
<Play>{url}/tone</Play><Pause length="60000"/></Response>"""
DIALS = """<Response><Dial record="record-from-answer" timeout="30000">
<Number>+12125550142</Number></Dial></Response>"""
SHORT = '<Response><Record tag="short"><Pause length="{ms}"/></Record><Hangup/></Response>'
TELLS = '<Response><Say>{words}</Say><Pause length="700"/><Hangup/></Response>'
BATCH = [12125550110 + n for n in range(20)]


@dataclass
class Scene:
    """A server whose numbers talk, play, dial and hang up; it is harmed again and again."""

    server: Server
    site: Web
    profile: str = ""
    numbers: dict[str, tuple[int, str]] = field(default_factory=dict)

    async def set_up(self, alice: Customer) -> None:
        """Order a number for each kind of call."""
        shown = await alice.order_number()
        lease = await alice.ask("GET", f"/rest/lease/tn/{shown}/tn")
        body = {"name": "out", "tn_lease": lease["uuid"]}
        made = await alice.ask("POST", "/rest/profile/outbound_voice", body)
        self.profile = str(made["uuid"])
        for kind in ("talks", "plays", "dials", "short"):
            number = await alice.order_number()
            app = await alice.lead_to_app(number, outbound_voice_profile=self.profile)
            self.numbers[kind] = (number, app)

    async def write_flows(self, alice: Customer, times: int) -> None:
        """Have what is said and played made anew: nothing of it was kept from before.

        Not from a first try of the same time either, so the numbers said and heard are random.
        """
        unheard = secrets.randbelow(100_000)
        page = Page(tone(300 + unheard / 50, 5), "audio/wav", headers={"Cache-Control": "no-store"})
        self.site.pages["tone"] = page
        flows = {
            "talks": TALKS.format(words=f"You are caller number {unheard} of this morning."),
            "plays": PLAYS.format(url=self.site.url),
            "dials": DIALS,
            "short": SHORT.format(ms=200 + 300 * (times % 5)),
        }
        for kind, (_, app) in self.numbers.items():
            await alice.post_xml(f"/rest/sip/app/call/flow/{app}", flows[kind])


def prepared(scene: Scene) -> Scene:
    async def prepare() -> None:
        async with customer(scene.server.http, scene.server.token) as alice:
            await scene.set_up(alice)

    # A thread of its own: the one that asks may have an event loop already.
    with ThreadPoolExecutor(1) as pool:
        pool.submit(asyncio.run, prepare()).result()
    place, settings = scene.server.folder.parent, {"database_url": scene.server.database_url}
    given = command(place, "credit", "--email", DEMO, "1000", **settings)
    assert given.returncode == 0, given.stderr
    return scene


@dataclass
class Work:
    """So many calls of every kind at once, with orders beside them; `chance` spreads them."""

    scene: Scene
    chance: random.Random
    calls: int
    seconds: float = 3.0
    began: datetime = field(default_factory=now)
    placed: list[str] = field(default_factory=list)
    batch: str = ""

    def begin(self, alice: Customer, callers: Crowd) -> "list[asyncio.Task[None]]":
        """Begin it all; it is begun within the seconds."""
        work = [
            *(self._place(alice) for _ in range(self.calls // 5)),
            *(self._order(alice) for _ in range(4)),
            self._call_a_batch(alice),
            self._call_all(callers),
        ]
        return [asyncio.create_task(each) for each in work]

    async def _call_all(self, callers: Crowd) -> None:
        kinds = [*self.scene.numbers] * (self.calls * 3 // 20)
        self.chance.shuffle(kinds)
        for kind in kinds:
            callers.call(self.scene.numbers[kind][0])
            await asyncio.sleep(self.chance.uniform(0, 2 * self.seconds / len(kinds)))

    async def _place(self, alice: Customer) -> None:
        await asyncio.sleep(self.chance.uniform(0, self.seconds))
        body = {
            "outbound_voice_profile": self.scene.profile,
            "to": f"+121255501{self.chance.randrange(30, 50)}",
            "xml": SHORT.format(ms=self.chance.randrange(200, 3000)),
        }
        with suppress(httpx.TransportError):
            self.placed.append((await alice.ask("POST", "/rest/call", body))["uuid"])

    async def _order(self, alice: Customer) -> None:
        await asyncio.sleep(self.chance.uniform(0, self.seconds))
        with suppress(httpx.TransportError):
            await alice.order_number()

    async def _call_a_batch(self, alice: Customer) -> None:
        body = {
            "outbound_voice_profile": self.scene.profile,
            "phones": BATCH[: self.calls // 5],
            "xml": TELLS.format(words=f"This is message {self.chance.random()}."),
        }
        with suppress(httpx.TransportError):
            self.batch = (await alice.ask("POST", "/rest/batch", body))["uuid"]

    def disagreements(
        self, calls: list[Call], recordings: list[Recording], talks: list[Talk]
    ) -> Iterator[str]:
        """Say where the books tell another story than the callers."""
        taped = {each.call_uuid: each for each in recordings if each.tag == "talk"}
        there = {str(call.uuid) for call in calls}
        yield from (
            f"call {uuid} was placed, and is not written"
            for uuid in self.placed
            if uuid not in there
        )
        records = {call.sip_call_id: call for call in calls if call.sip_call_id}
        for talk in talks:
            if talk.answered_on is None or talk.ended_on is None:
                continue
            record = records.get(talk.leg.call_id[:255])
            if record is None:
                yield f"a call to {talk.number} was answered, and is not written"
                continue
            name = f"call {record.uuid} ({record.cause}), answered {talk.answered_on},"
            ended, early = record.hangup_on or record.created_on, ABOUT
            if record.cause == "server_crashed":
                early = HEARTBEAT
            if not talk.ended_on - early <= ended <= talk.ended_on + ABOUT:
                yield f"{name} ended {talk.ended_on}, its record says {ended}"
            if record.answer_on is None and record.cause != "server_crashed":
                yield f"{name} was never answered, says its record"
            tape, talked = taped.get(record.uuid), talk.ended_on - talk.answered_on
            if tape is not None and tape.state is RecordingState.STORED:
                recorded = timedelta(milliseconds=tape.duration)
                if not talked - ABOUT <= recorded <= talked + ABOUT:
                    yield f"{name} talked {talked}, and {recorded} of it were recorded"


async def at_rest(work: Work, alice: Customer) -> None:
    """Wait until nothing lives any more: calls, media, the batch; or say what still does."""
    left: list[Any] = []

    async def rests() -> bool:
        left[:] = await alice.online()
        for what in ("calls", "media", "dialogs"):
            left.extend(await inspected(work.scene.server, what))
        if work.batch:
            batch = await alice.ask("GET", f"/rest/batch/{work.batch}")
            left.extend([batch] if batch["finished_on"] is None else [])
        return not left

    with suppress(TimeoutError):
        await until(rests, PATIENCE_S)
    assert left == [], left


async def inspected(server: Server, what: str) -> list[Any]:
    kept = server.credentials["admin"]
    login = (kept["email"], kept["password"])
    async with httpx.AsyncClient(auth=login, timeout=30) as admin:
        answer = await admin.get(f"http://{server.http}/rest/admin/inspect/{what}")
        found: list[Any] = answer.json()["payload"]
        return found


async def still_wrong(server: Server) -> list[str]:
    """Give what is wrong in the books; what is held goes a second after the last call."""
    url, recordings = server.database_url, server.folder / "recordings"

    async def fine() -> bool:
        return not await faults_of(url, recordings)

    with suppress(TimeoutError):
        await until(fine, 10)
    return await faults_of(url, recordings)
