"""Phones in browsers: JsSIP registers over WebSockets, with TLS and without, and calls."""

import asyncio
import secrets
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from support.certificates import Authority
from support.jssip import Browser, browser
from support.live_server import Customer, Server, customer, running_server
from support.peers import LOOPBACK, free_port

PASSWORD = "correct-horse-battery"


@dataclass(frozen=True, slots=True)
class Web:
    """A server with WebSockets: `urls` by scheme, and the CA of its certificate."""

    server: Server
    urls: dict[str, str]
    ca: Path


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Web]:
    folder = tmp_path_factory.mktemp("web")
    authority = Authority(folder)
    certificate, key = authority.issue(LOOPBACK)
    places = {name: f"{LOOPBACK}:{free_port(socket.SOCK_STREAM)}" for name in ("ws", "wss")}
    with running_server(
        folder / "data",
        sip_ws=places["ws"],
        sip_wss=places["wss"],
        sip_tls_certificate=certificate,
        sip_tls_key=key,
    ) as server:
        urls = {name: f"{name}://{place}" for name, place in places.items()}
        yield Web(server, urls, authority.ca)


class Home:
    """A domain whose media goes past the platform, with the browsers of its users."""

    def __init__(self, web: Web, owner: Customer, domain: str) -> None:
        self.web = web
        self.owner = owner
        self.domain = domain

    def uri(self, login: str) -> str:
        return f"sip:{login}@{self.domain}"

    @asynccontextmanager
    async def browser(self, login: str, scheme: str, **how: Any) -> AsyncIterator[Browser]:
        word = how.pop("password", PASSWORD)
        async with browser(
            self.web.urls[scheme], self.uri(login), word, trusting=self.web.ca, **how
        ) as one:
            yield one

    async def states(self) -> dict[str, str]:
        users = await self.owner.ask("GET", f"/rest/sip/domain/{self.domain}/user")
        return {each["login"]: each["state"] for each in users}

    async def becomes(self, login: str, state: str) -> None:
        async with asyncio.timeout(15):
            while (await self.states())[login] != state:  # noqa: ASYNC110 - another process
                await asyncio.sleep(0.1)


@pytest.fixture
async def home(web: Web) -> AsyncIterator[Home]:
    async with customer(web.server.http, web.server.token) as owner:
        profile = await owner.ask(
            "POST",
            "/rest/profile/outbound_voice",
            {
                "name": f"browsers {secrets.token_hex(4)}",
                "class4_ingress_trunk_settings": {"media_type": "Bypass Media"},
            },
        )
        made = await owner.ask(
            "POST",
            "/rest/sip/domain",
            {"domain": f"web-{secrets.token_hex(4)}", "outbound_voice_profile": profile["uuid"]},
        )
        one = Home(web, owner, made["domain"])
        for login in ("alice", "bob"):
            path = f"/rest/sip/domain/{one.domain}/user"
            await owner.ask("POST", path, {"login": login, "password": PASSWORD})
        yield one


@pytest.mark.parametrize("scheme", ["ws", "wss"])
async def test_a_browser_is_online_as_long_as_its_connection(home: Home, scheme: str) -> None:
    async with home.browser("alice", scheme) as alice:
        assert await alice.says("registered") == "registered 200"
        await home.becomes("alice", "online")
        search = {"sip_domain": home.domain}
        [held] = (await home.owner.ask("POST", "/rest/sip/registration/search", search))["data"]
        assert held["transport"] == scheme
    await home.becomes("alice", "offline")


async def test_a_browser_with_a_wrong_password_is_refused(home: Home) -> None:
    async with home.browser("alice", "wss", password="guess") as alice:
        assert await alice.says("refused") == "refused 401"
        assert await home.states() == {"alice": "offline", "bob": "offline"}


async def test_a_browser_does_not_talk_to_a_server_it_cannot_trust(web: Web) -> None:
    async with browser(web.urls["wss"]) as stranger:
        assert "CERT" in (await stranger.says("error")).upper().replace("UNABLE_TO_VERIFY", "CERT")


async def test_two_browsers_call_each_other_and_hear_each_other(home: Home) -> None:
    async with AsyncExitStack() as stack:
        alice = await stack.enter_async_context(home.browser("alice", "ws", hertz=600))
        bob = await stack.enter_async_context(home.browser("bob", "wss", hertz=1000))
        await alice.says("registered 200")
        await bob.says("registered 200")
        alice.tell(f"call {home.uri('bob')}")
        assert await alice.says("progress") == "progress 180"
        assert await bob.says("incoming") == "incoming alice"
        bob.tell("answer")
        await alice.says("confirmed")
        await bob.says("confirmed")
        assert await alice.says("heard 1000") == "heard 1000"
        assert await bob.says("heard 600") == "heard 600"
        bob.tell("hold")
        assert await alice.says("hold") == "hold remote"
        await bob.says("held")
        bob.tell("resume")
        assert await alice.says("unhold") == "unhold remote"
        bob.tell("hangup")
        assert await alice.says("ended") == "ended remote"
        await bob.says("ended")
    calls = await closed(home)
    assert [each["cause"] for each in calls] == ["callee_hung_up", "callee_hung_up"]


async def test_a_browser_that_declines_is_told_apart(home: Home) -> None:
    async with home.browser("alice", "ws") as alice, home.browser("bob", "ws") as bob:
        await alice.says("registered 200")
        await bob.says("registered 200")
        alice.tell(f"call {home.uri('bob')}")
        await bob.says("incoming")
        bob.tell("decline")
        assert await alice.says("failed") == "failed 603"
    calls = await closed(home)
    assert [each["cause"] for each in calls] == ["declined", "declined"]


async def closed(home: Home) -> list[dict[str, Any]]:
    """Wait for the two records of a call of this domain's users."""
    users = {
        each["uuid"] for each in await home.owner.ask("GET", f"/rest/sip/domain/{home.domain}/user")
    }
    async with asyncio.timeout(15):
        while True:
            found = [
                each
                for each in await home.owner.calls()
                if (each["sip_user"] or {}).get("uuid") in users and each["finished_on"]
            ]
            if len(found) == 2:
                return found
            await asyncio.sleep(0.1)
