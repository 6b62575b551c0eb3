"""baresip phones at a whole server: every transport, both ways of media, keys, hold, refusals."""

import asyncio
import secrets
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from typing import Any

import pytest

from support.baresip import Softphone, softphone
from support.certificates import Authority
from support.live_server import Customer, Server, customer, running_server
from support.peers import LOOPBACK, free_port

from .sounds import seconds_of_tone

PASSWORD = "correct-horse-battery"
MEDIA = ["Proxy Media", "Bypass Media"]


class Secured:
    """A server that listens by UDP, TCP and TLS, and the CA of its certificate."""

    def __init__(self, server: Server, tls: str) -> None:
        self.server = server
        self.places = {"udp": server.sip, "tcp": server.sip, "tls": tls}


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secured]:
    folder = tmp_path_factory.mktemp("secured")
    certificate, key = Authority(folder).issue(LOOPBACK)
    tls = f"{LOOPBACK}:{free_port(socket.SOCK_STREAM)}"
    with running_server(
        folder / "data", sip_tls=tls, sip_tls_certificate=certificate, sip_tls_key=key
    ) as server:
        yield Secured(server, tls)


class House:
    """A domain whose users have softphones."""

    def __init__(self, secured: Secured, owner: Customer, stack: AsyncExitStack) -> None:
        self.secured = secured
        self.owner = owner
        self.domain = ""
        self.users: set[str] = set()
        self._stack = stack

    async def build(self, media: str) -> None:
        name = f"house-{secrets.token_hex(4)}"
        settings = {"class4_ingress_trunk_settings": {"media_type": media}}
        body = {"name": name, **settings}
        profile = await self.owner.ask("POST", "/rest/profile/outbound_voice", body)
        wanted = {"domain": name, "outbound_voice_profile": profile["uuid"]}
        self.domain = (await self.owner.ask("POST", "/rest/sip/domain", wanted))["domain"]
        for login in ("alice", "bob"):
            path = f"/rest/sip/domain/{self.domain}/user"
            made = await self.owner.ask("POST", path, {"login": login, "password": PASSWORD})
            self.users.add(made["uuid"])

    async def phone(self, login: str, transport: str = "udp", **how: Any) -> Softphone:
        phone = await self._stack.enter_async_context(
            softphone(
                user=login,
                password=PASSWORD,
                registrar=self.secured.places[transport],
                domain=self.domain,
                transport=transport,
                **how,
            )
        )
        await phone.wait_for("REGISTER_OK", seconds=30)
        return phone

    async def records(self) -> list[dict[str, Any]]:
        """Wait for the records of a call between the two; the incoming leg's first."""
        async with asyncio.timeout(20):
            while True:
                found = [
                    each
                    for each in await self.owner.calls()
                    if (each["sip_user"] or {}).get("uuid") in self.users and each["finished_on"]
                ]
                if len(found) == 2:
                    return sorted(found, key=lambda each: str(each["direction"]))
                await asyncio.sleep(0.1)


@pytest.fixture
async def house(secured: Secured, request: pytest.FixtureRequest) -> AsyncIterator[House]:
    async with AsyncExitStack() as stack:
        server = secured.server
        owner = await stack.enter_async_context(customer(server.http, server.token))
        made = House(secured, owner, stack)
        await made.build(getattr(request, "param", MEDIA[0]))
        yield made


@pytest.mark.parametrize(("first", "second"), [("udp", "tcp"), ("tcp", "tls"), ("tls", "udp")])
async def test_phones_on_any_two_transports_call_each_other(
    house: House, first: str, second: str
) -> None:
    alice = await house.phone("alice", first)
    bob = await house.phone("bob", second, answers="auto")
    search = {"sip_domain": house.domain}
    held = (await house.owner.ask("POST", "/rest/sip/registration/search", search))["data"]
    assert {each["transport"] for each in held} == {first, second}
    await alice.dial(f"sip:bob@{house.domain}")
    await alice.wait_for("CALL_ESTABLISHED", seconds=20)
    # The side that was called hangs up: its BYE finds the caller's own connection.
    await bob.hang_up()
    await alice.wait_for("CALL_CLOSED", seconds=20)
    assert [each["cause"] for each in await house.records()] == ["callee_hung_up"] * 2


@pytest.mark.parametrize("house", MEDIA, indirect=True)
async def test_tones_and_keys_arrive_and_hold_is_heard_as_silence(house: House) -> None:
    alice = await house.phone("alice", speaks="ausine,600")
    bob = await house.phone("bob", speaks="ausine,1000", answers="auto")
    await alice.dial(f"sip:bob@{house.domain}")
    await alice.wait_for("CALL_ESTABLISHED", seconds=20)
    await asyncio.sleep(2.5)
    await alice.press("42#")
    await alice.command("hold")
    await asyncio.sleep(2)
    await alice.command("resume")
    await asyncio.sleep(2.5)
    await alice.hang_up()
    await bob.wait_for("CALL_CLOSED", seconds=20)
    keys = [each["param"] for each in bob.events if each["type"] == "CALL_DTMF_START"]
    assert keys == ["4", "2", "#"], [each["type"] for each in bob.events]
    assert [each["cause"] for each in await house.records()] == ["caller_hung_up"] * 2
    # Before the hold and after it; what was spoken meanwhile is not in between.
    assert seconds_of_tone(bob.heard(), 600) > 3
    assert 3 < seconds_of_tone(alice.heard(), 1000) < 7


@pytest.mark.parametrize("transport", ["udp", "tcp", "tls"])
async def test_a_wrong_password_is_refused_by_any_transport(house: House, transport: str) -> None:
    phone = softphone(
        user="alice",
        password="guess",
        registrar=house.secured.places[transport],
        domain=house.domain,
        transport=transport,
    )
    async with phone as stranger:
        failed = await stranger.wait_for("REGISTER_FAIL", seconds=30)
    assert "401" in failed["param"], failed


async def test_a_caller_who_gives_up_stops_the_ringing(house: House) -> None:
    alice = await house.phone("alice")
    bob = await house.phone("bob")
    await alice.dial(f"sip:bob@{house.domain}")
    await bob.wait_for("CALL_INCOMING", seconds=20)
    await alice.wait_for("CALL_RINGING", seconds=20)
    await alice.hang_up()
    await bob.wait_for("CALL_CLOSED", seconds=20)
    assert [each["cause"] for each in await house.records()] == ["caller_cancelled"] * 2


async def test_a_busy_phone_is_told_as_busy(house: House) -> None:
    alice = await house.phone("alice")
    bob = await house.phone("bob")
    await alice.dial(f"sip:bob@{house.domain}")
    await bob.wait_for("CALL_INCOMING", seconds=20)
    await bob.command("hangup", "scode=486 reason=Busy")
    closed = await alice.wait_for("CALL_CLOSED", seconds=20)
    assert "486" in closed["param"], closed
    incoming, outgoing = await house.records()
    assert (incoming["cause"], outgoing["cause"]) == ("busy", "busy")
