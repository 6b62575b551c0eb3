"""Plain bridged calls through a real server: recorded as a profile says, and keys that pass."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from support.baresip import Softphone, softphone
from support.live_server import Customer, Server, customer
from support.sipp import run_sipp, sipp_server

from .sounds import channel, seconds_of_tone

PASSWORD = "correct-horse-battery"
TWO_TRACKS = {"record_calls": 2, "filemat": "wav", "audio_track_type": 1}


@dataclass
class Home:
    """A domain whose profile records all calls on two channels."""

    live: Server
    owner: Customer
    name: str
    stack: AsyncExitStack
    domain: str = ""

    async def user(self, login: str, hertz: int, answers: str = "manual") -> Softphone:
        """Make a user, whose login is this domain's alone, with a softphone that is on."""
        body = {"login": f"{login}-{self.name}", "password": PASSWORD}
        await self.owner.ask("POST", f"/rest/sip/domain/{self.domain}/user", body)
        phone = softphone(
            user=body["login"],
            password=PASSWORD,
            registrar=self.live.sip,
            domain=self.domain,
            speaks=f"ausine,{hertz}",
            answers=answers,
        )
        made = await self.stack.enter_async_context(phone)
        await made.wait_for("REGISTER_OK", seconds=30)
        return made

    async def ended(self, caller: str) -> dict[str, Any]:
        """Wait until the call of this user is closed; gives its record."""
        async with asyncio.timeout(30):
            while True:
                narrow = {"from": f"{caller}-{self.name}", "direction": "in"}
                found = await self.owner.calls(**narrow)
                if found and found[0]["finished_on"]:
                    return await self.owner.call(found[0]["uuid"])
                await asyncio.sleep(0.1)


@pytest.fixture
async def home(live: Server) -> AsyncIterator[Home]:
    async with AsyncExitStack() as stack:
        owner = await stack.enter_async_context(customer(live.http, live.token))
        made = Home(live, owner, f"taped-{secrets.token_hex(4)}", stack)
        path = "/rest/profile/outbound_voice"
        profile = await owner.ask("POST", path, {"name": "taped", **TWO_TRACKS})
        body = {"domain": made.name, "outbound_voice_profile": profile["uuid"]}
        made.domain = (await owner.ask("POST", "/rest/sip/domain", body))["domain"]
        yield made


async def test_a_plain_call_is_recorded_with_each_side_on_its_channel(home: Home) -> None:
    alice = await home.user("alice", 600)
    bob = await home.user("bob", 1000, answers="auto")
    await alice.dial(f"sip:bob-{home.name}@{home.domain}")
    await alice.wait_for("CALL_ESTABLISHED", seconds=20)
    await asyncio.sleep(3)
    await alice.hang_up()
    await bob.wait_for("CALL_CLOSED", seconds=20)
    record = await home.ended("alice")
    [made] = record["records"]
    assert (made["state"], made["channels"], made["format"]) == ("stored", 2, "wav")
    async with httpx.AsyncClient(base_url=home.live.http) as web:
        sound = (await web.get(made["url"])).content
    assert len(sound) == made["size"]
    for number, (own, others) in enumerate([(600, 1000), (1000, 600)]):
        assert seconds_of_tone(channel(sound, number), own) > 1.5
        assert seconds_of_tone(channel(sound, number), others) == 0
    told = await home.owner.ask("GET", f"/rest/call/{record['uuid']}/timeline")
    words = [each["text"] for each in told["moments"] if each["kind"] == "recording"]
    assert len(words) == 2
    assert "stored" in words[1]


async def test_a_key_by_info_is_heard_by_a_phone_that_takes_events(home: Home) -> None:
    bob = await home.user("bob", 1000, answers="auto")
    pressing = asyncio.create_task(
        run_sipp(
            "informing_caller",
            home.live.sip,
            service=f"bob-{home.name}",
            hold_ms=1_000,
            keys={"user": "+12025550177", "domain": home.domain},
        )
    )
    assert (await bob.wait_for("CALL_DTMF_START", seconds=20))["param"] == "5"
    result = await pressing
    assert (result.successful, result.failed) == (1, 0)


async def test_a_key_by_info_goes_on_by_info_to_who_takes_no_events(
    live: Server, alice: Customer
) -> None:
    async with sipp_server("informed_callee") as callee:
        host, port = callee.address.split(":")
        pbx = {"name": "pbx", "ip": host, "port": int(port)}
        path = (
            f"/rest/sip/connection/{(await alice.ask('POST', '/rest/sip/connection', pbx))['uuid']}"
        )
        number = await alice.order_number()
        lease = await alice.ask("GET", f"/rest/lease/tn/{number}/tn")
        await alice.ask("POST", f"{path}/tnlease", {"add": [lease["uuid"]]})
        result = await run_sipp(
            "informing_caller",
            live.sip,
            service=str(number),
            hold_ms=500,
            keys={"user": "12015550100", "domain": live.sip},
        )
        assert (result.successful, result.failed) == (1, 0)
    assert callee.result is not None
    assert (callee.result.successful, callee.result.failed) == (1, 0)
