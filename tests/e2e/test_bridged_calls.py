"""Phones call each other through a real server: baresip and SIPp, with sound and without."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import pytest

from support.baresip import Softphone, softphone
from support.live_server import Customer, Server, customer
from support.sipp import run_sipp

from .sounds import seconds_of_tone

PASSWORD = "correct-horse-battery"
USERS = ("alice", "bob", "carol")


class Home:
    """A domain with users, and whoever of them has a softphone on."""

    def __init__(self, live: Server, owner: Customer, domain: str, stack: AsyncExitStack) -> None:
        self.live = live
        self.owner = owner
        self.domain = domain
        self._stack = stack

    async def phone(self, login: str, hertz: int = 440, answers: str = "manual") -> Softphone:
        phone = await self._stack.enter_async_context(
            softphone(
                user=login,
                password=PASSWORD,
                registrar=self.live.sip,
                domain=self.domain,
                speaks=f"ausine,{hertz}",
                answers=answers,
            )
        )
        await phone.wait_for("REGISTER_OK", seconds=30)
        return phone

    def uri(self, login: str) -> str:
        return f"sip:{login}@{self.domain}"

    async def ended(self, count: int = 2, **narrow: str) -> list[dict[str, Any]]:
        """Wait until so many records of the domain's users are closed; incoming legs first."""
        async with asyncio.timeout(20):
            while True:
                found = [
                    one
                    for one in await self.owner.calls(**narrow)
                    if one["type"] == "CallSIP" and one["finished_on"]
                ]
                if len(found) >= count:
                    return sorted(found[:count], key=lambda one: one["direction"])
                await asyncio.sleep(0.1)


@pytest.fixture
async def home(live: Server) -> AsyncIterator[Home]:
    async with AsyncExitStack() as stack:
        owner = await stack.enter_async_context(customer(live.http, live.token))
        name = f"talk-{secrets.token_hex(4)}"
        domain = (await owner.ask("POST", "/rest/sip/domain", {"domain": name}))["domain"]
        for login in USERS:
            path = f"/rest/sip/domain/{domain}/user"
            await owner.ask("POST", path, {"login": f"{login}-{name}", "password": PASSWORD})
        made = Home(live, owner, domain, stack)
        yield made


def login(home: Home, user: str) -> str:
    """Logins are the domain's own, so that their calls are told from those of other tests."""
    return f"{user}-{home.domain.partition('.')[0]}"


async def test_two_softphones_hear_each_other_and_hang_up(home: Home) -> None:
    alice = await home.phone(login(home, "alice"), 600)
    bob = await home.phone(login(home, "bob"), 1000, answers="auto")
    await alice.dial(home.uri(login(home, "bob")))
    await alice.wait_for("CALL_ESTABLISHED", seconds=20)
    await asyncio.sleep(3)
    await alice.hang_up()
    await bob.wait_for("CALL_CLOSED", seconds=20)
    incoming, outgoing = await home.ended(2, **{"from": login(home, "alice")})
    assert (incoming["cause"], outgoing["cause"]) == ("caller_hung_up", "caller_hung_up")
    assert outgoing["parent"]["uuid"] == incoming["uuid"] == outgoing["peer"]
    assert incoming["media"]["packets_received"] > 100
    assert seconds_of_tone(bob.heard(), 600) > 1.5
    assert seconds_of_tone(alice.heard(), 1000) > 1.5


async def test_the_first_phone_to_answer_stops_the_others(home: Home) -> None:
    alice = await home.phone(login(home, "alice"))
    first = await home.phone(login(home, "bob"))
    second = await home.phone(login(home, "bob"))
    await alice.dial(home.uri(login(home, "bob")))
    await first.wait_for("CALL_INCOMING", seconds=20)
    await second.wait_for("CALL_INCOMING", seconds=20)
    await second.answer()
    await first.wait_for("CALL_CLOSED", seconds=20)
    await alice.wait_for("CALL_ESTABLISHED", seconds=20)
    await second.hang_up()
    await alice.wait_for("CALL_CLOSED", seconds=20)
    causes = [one["cause"] for one in await home.ended(2, **{"from": login(home, "alice")})]
    assert causes == ["callee_hung_up", "callee_hung_up"]


async def test_who_is_not_there_or_declines_is_told_apart(home: Home) -> None:
    alice = await home.phone(login(home, "alice"))
    await alice.dial(home.uri(login(home, "carol")))
    closed = await alice.wait_for("CALL_CLOSED", seconds=20)
    assert "480" in closed["param"], closed
    bob = await home.phone(login(home, "bob"))
    await alice.dial(home.uri(login(home, "bob")))
    await bob.wait_for("CALL_INCOMING", seconds=20)
    await bob.hang_up()
    [_, outgoing] = await home.ended(2, to=login(home, "bob"))
    assert outgoing["cause"] in {"busy", "declined"}


async def test_a_caller_without_a_login_reaches_no_user_from_a_users_name(home: Home) -> None:
    await home.phone(login(home, "bob"))
    result = await run_sipp(
        "user_caller",
        home.live.sip,
        service=login(home, "bob"),
        keys={"user": login(home, "alice"), "domain": home.domain},
    )
    assert (result.successful, result.failed) == (0, 1)
    assert await home.owner.calls(**{"from": login(home, "alice")}) == []


async def test_sipp_as_a_trunk_calls_a_phone_of_a_domain(home: Home) -> None:
    await home.phone(login(home, "bob"), answers="auto")
    result = await run_sipp(
        "switch_caller",
        home.live.sip,
        service=login(home, "bob"),
        hold_ms=500,
        keys={"user": "+12025550177", "domain": home.domain},
    )
    assert (result.successful, result.failed) == (1, 0)
    incoming, outgoing = await home.ended(to=login(home, "bob"))
    assert {incoming["cause"], outgoing["cause"]} == {"caller_hung_up"}
