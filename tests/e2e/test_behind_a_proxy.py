"""Kamailio in front of a whole server: phones behind it register, call, hold and are called.

They know the proxy alone. What the server sends to them goes through it, by the Path of their
registration or by its Record-Route, as the timeline of each call tells message by message.
"""

import asyncio
import secrets
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from typing import Any

import pytest

from support.baresip import Softphone, softphone
from support.kamailio import Kamailio, kamailio
from support.live_server import Customer, Server, customer, running_server

PASSWORD = "correct-horse-battery"


@pytest.fixture(scope="module")
def behind(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running_server(tmp_path_factory.mktemp("behind") / "data") as server:
        yield server


class Street:
    """A domain of which alice and bob live behind the proxy, and carol does not."""

    def __init__(self, server: Server, proxy: Kamailio, owner: Customer, domain: str) -> None:
        self.server = server
        self.proxy = proxy
        self.owner = owner
        self.domain = domain
        self.stack = AsyncExitStack()
        self.users: set[str] = set()

    @property
    def front(self) -> str:
        """The proxy, as timelines name a peer."""
        return f"udp:{self.proxy.place}"

    async def phone(self, login: str, **how: Any) -> Softphone:
        path = f"/rest/sip/domain/{self.domain}/user"
        user = await self.owner.ask("POST", path, {"login": login, "password": PASSWORD})
        self.users.add(user["uuid"])
        registrar = self.server.sip if login == "carol" else self.proxy.place
        phone = await self.stack.enter_async_context(
            softphone(user=login, password=PASSWORD, registrar=registrar, domain=self.domain, **how)
        )
        await phone.wait_for("REGISTER_OK", seconds=30)
        return phone

    async def bindings(self) -> dict[str, dict[str, Any]]:
        search = {"sip_domain": self.domain}
        found = await self.owner.ask("POST", "/rest/sip/registration/search", search)
        return {each["sip_user"]["login"]: each for each in found["data"]}

    async def talk(self, caller: Softphone, callee: Softphone, login: str) -> None:
        await caller.dial(f"sip:{login}@{self.domain}")
        await callee.wait_for("CALL_ESTABLISHED", seconds=20)
        await caller.wait_for("CALL_ESTABLISHED", seconds=20)

    async def told(self) -> tuple[list[str], dict[str, list[dict[str, Any]]]]:
        """Wait for the call to be over; its causes, and the messages of each leg."""
        async with asyncio.timeout(20):
            while True:
                calls = await self.owner.calls()
                mine = [c for c in calls if (c["sip_user"] or {}).get("uuid") in self.users]
                if len(mine) == 2 and all(each["finished_on"] for each in mine):
                    break
                await asyncio.sleep(0.1)
        first = next(each for each in mine if each["direction"] == "in")
        line = await self.owner.ask("GET", f"/rest/call/{first['uuid']}/timeline")
        legs: dict[str, list[dict[str, Any]]] = {"in": [], "out": []}
        side = {each["uuid"]: str(each["direction"]) for each in line["legs"]}
        for moment in line["moments"]:
            if moment["kind"] == "sip":
                legs[side[moment["leg"]]].append(moment)
        return [each["cause"] for each in mine], legs


@pytest.fixture
async def street(behind: Server) -> AsyncIterator[Street]:
    async with AsyncExitStack() as stack:
        owner = await stack.enter_async_context(customer(behind.http, behind.token))
        proxy = await stack.enter_async_context(kamailio(behind.sip, in_front=True))
        name = f"street-{secrets.token_hex(4)}"
        media = {"class4_ingress_trunk_settings": {"media_type": "Bypass Media"}}
        body = {"name": name, **media}
        profile = await owner.ask("POST", "/rest/profile/outbound_voice", body)
        wanted = {"domain": name, "outbound_voice_profile": profile["uuid"]}
        domain = (await owner.ask("POST", "/rest/sip/domain", wanted))["domain"]
        made = Street(behind, proxy, owner, domain)
        async with made.stack:
            yield made


def names(messages: list[dict[str, Any]], way: str) -> list[str]:
    """Tell the requests of a leg that went this way, repeats left out."""
    ours = [each for each in messages if each["direction"] == way and not each["repeated"]]
    words = [str(each["name"]).partition(" ")[0] for each in ours]
    return [word for word in words if not word.isdecimal()]


async def test_a_phone_behind_a_proxy_is_reached_by_the_path_of_its_registration(
    street: Street,
) -> None:
    alice = await street.phone("alice", answers="auto")
    carol = await street.phone("carol")
    held = (await street.bindings())["alice"]
    assert (held["remote_ip"], held["remote_port"]) == street.proxy.address
    [path] = held["path"]
    assert f"sip:{street.proxy.place};lr" in path
    await street.talk(carol, alice, "alice")
    await alice.hang_up()
    await carol.wait_for("CALL_CLOSED", seconds=20)
    causes, legs = await street.told()
    assert causes == ["callee_hung_up"] * 2
    assert {each["peer"] for each in legs["out"]} == {street.front}
    assert names(legs["out"], "out") == ["INVITE", "ACK"]
    assert names(legs["out"], "in") == ["BYE"]
    assert street.front not in {each["peer"] for each in legs["in"]}


async def test_a_call_from_behind_a_proxy_stays_on_its_route_to_the_end(street: Street) -> None:
    alice = await street.phone("alice")
    carol = await street.phone("carol", answers="auto")
    await street.talk(alice, carol, "carol")
    await carol.hang_up()
    await alice.wait_for("CALL_CLOSED", seconds=20)
    causes, legs = await street.told()
    assert causes == ["callee_hung_up"] * 2
    assert {each["peer"] for each in legs["in"]} == {street.front}
    assert names(legs["in"], "in")[-2:] == ["INVITE", "ACK"]
    assert names(legs["in"], "out") == ["BYE"]


async def test_hold_passes_through_the_proxy_on_both_legs(street: Street) -> None:
    alice = await street.phone("alice")
    bob = await street.phone("bob", answers="auto")
    await street.talk(alice, bob, "bob")
    for command in ("hold", "resume"):
        await alice.command(command)
        await bob.wait_for("CALL_REMOTE_SDP", seconds=20)
    await alice.hang_up()
    await bob.wait_for("CALL_CLOSED", seconds=20)
    causes, legs = await street.told()
    assert causes == ["caller_hung_up"] * 2
    every = [*legs["in"], *legs["out"]]
    assert {each["peer"] for each in every} == {street.front}
    assert names(legs["in"], "in").count("INVITE") >= 3
    assert names(legs["out"], "out") == ["INVITE", "ACK"] * 3 + ["BYE"]
    directions = [
        each["sdp"]["direction"] for each in legs["out"] if each["name"] == "INVITE (SDP)"
    ]
    assert directions == ["sendrecv", "sendonly", "sendrecv"]
