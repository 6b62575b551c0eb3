"""A world that places calls: an exchange whose callees are of paper, and a profile to call by."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from opentact.voice.batch_runner import BatchRunner
from opentact.voice.placing import Placer
from opentact.voice.sdp.offer_answer import answer
from opentact.voice.testing_legs import PaperCallee
from opentact.voice.verifying import Verifier

from .exchange import Exchange, exchange
from .neighbourhood import Neighbourhood
from .numbers import FIRST, buy, stocked
from .world import World

FAR = "+13035550142"
CODE = "246810"
"""What numbers are verified by."""
HANGS_UP = '<Response><Hangup tag="done"/></Response>'


@dataclass
class Placing:
    """The parts. `profile` is Alice's, and shows her number `FIRST`."""

    phones: Exchange
    placer: Placer
    runner: BatchRunner
    profile: str
    lease: str

    @property
    def near(self) -> Neighbourhood:
        return self.phones.near

    @property
    def callees(self) -> list[PaperCallee]:
        return self.near.dialler.legs

    async def ask(self, body: dict[str, Any] | None = None, **more: Any) -> httpx.Response:
        """Ask for a call as Alice; `headers` go with the request."""
        headers = more.pop("headers", None)
        usual = {"outbound_voice_profile": self.profile, "to": FAR, "xml": HANGS_UP}
        usual |= (body or {}) | more
        given = {name: value for name, value in usual.items() if value is not None}
        return await self.phones.world.alice.client.post("/rest/call", json=given, headers=headers)

    async def rings(self, count: int = 1) -> PaperCallee:
        """Wait until so many INVITEs were sent, and give the last."""
        await self.phones.until(lambda: len(self.callees) >= count)
        return self.callees[count - 1]

    async def record(self, uuid: str) -> dict[str, Any]:
        answer = await self.phones.world.alice.client.get(f"/rest/call/{uuid}")
        found: dict[str, Any] = answer.json()["payload"]
        return found


def answers(callee: PaperCallee) -> None:
    """Let the callee answer what it was offered."""
    callee.rings()
    callee.answers(answer(callee.sdp, host="192.0.2.60", port=4002, session_id=1)[0])


@asynccontextmanager
async def able_to_call(world: World, folder: Path) -> AsyncIterator[tuple[Exchange, BatchRunner]]:
    """Let the world's platform place calls, with a trunk that leads everywhere."""
    near = Neighbourhood()
    near.outlets.out = ["192.0.2.70"]
    services = world.services
    async with exchange(world, folder, near) as phones:
        placer = services.placer = Placer(phones.board)
        runner = services.batches = BatchRunner(
            world.database, placer, services.events, world.clock, "test", write_s=0.0
        )
        verifier = Verifier(world.database, placer, world.clock, lambda: CODE)
        services.verifier = verifier
        try:
            yield phones, runner
        finally:
            await verifier.close()
            await runner.close()


@asynccontextmanager
async def placing(world: World, folder: Path) -> AsyncIterator[Placing]:
    """Make it, with a number of Alice's and a profile that shows it."""
    async with able_to_call(world, folder) as (phones, runner):
        await stocked(world, 3)
        await buy(world.alice, FIRST)
        lease = (await world.alice.client.get(f"/rest/lease/tn/{FIRST}/tn")).json()["payload"]
        made = await world.alice.client.post(
            "/rest/profile/outbound_voice", json={"name": "out", "tn_lease": lease["uuid"]}
        )
        profile = made.json()["payload"]["uuid"]
        assert world.services.placer is not None
        yield Placing(phones, world.services.placer, runner, profile, lease["uuid"])
