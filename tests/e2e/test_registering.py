"""Phones register at a real server: baresip by UDP, and by TCP, as people use it."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from support.baresip import softphone
from support.live_server import Customer, Server, customer, running_server

LOGIN, PASSWORD = "bob", "correct-horse-battery"


@pytest.fixture
async def acme(live: Server) -> AsyncIterator[tuple[Customer, str]]:
    """A customer with a domain of its own and a user in it."""
    async with customer(live.http, live.token) as alice:
        name = f"acme-{secrets.token_hex(4)}"
        made = await alice.ask("POST", "/rest/sip/domain", {"domain": name})
        domain = made["domain"]
        path = f"/rest/sip/domain/{domain}/user"
        await alice.ask("POST", path, {"login": LOGIN, "password": PASSWORD})
        yield alice, domain


async def registered(alice: Customer, domain: str) -> list[dict[str, Any]]:
    found = await alice.ask("POST", "/rest/sip/registration/search", {"sip_domain": domain})
    data: list[dict[str, Any]] = found["data"]
    return data


async def until_registered(alice: Customer, domain: str, count: int) -> list[dict[str, Any]]:
    async with asyncio.timeout(30):
        while len(data := await registered(alice, domain)) != count:  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.1)
    return data


@pytest.mark.parametrize("transport", ["udp", "tcp"])
async def test_a_softphone_registers_and_leaves(
    live: Server, acme: tuple[Customer, str], transport: str
) -> None:
    alice, domain = acme
    phone = softphone(
        user=LOGIN, password=PASSWORD, registrar=live.sip, domain=domain, transport=transport
    )
    async with phone as bob:
        await bob.wait_for("REGISTER_OK", seconds=30)
        [held] = await until_registered(alice, domain, 1)
        assert held["transport"] == transport
        assert held["user_agent"].startswith("baresip")
        assert held["sip_user"]["state"] == "online"
        looked = await alice.ask("GET", f"/rest/sip/domain/{domain}/user")
        assert [each["state"] for each in looked] == ["online"]
    await until_registered(alice, domain, 0)


async def test_a_wrong_password_is_refused(live: Server, acme: tuple[Customer, str]) -> None:
    alice, domain = acme
    phone = softphone(user=LOGIN, password="wrong", registrar=live.sip, domain=domain)
    async with phone as bob:
        failed = await bob.wait_for("REGISTER_FAIL", seconds=30)
        assert "401" in failed["param"] or "Unauthorized" in failed["param"], failed
    assert await registered(alice, domain) == []


async def test_a_killed_server_finds_its_phones_again(tmp_path: Path) -> None:
    with running_server(tmp_path / "data", media="inline") as server:
        async with customer(server.http, server.token) as alice:
            made = await alice.ask("POST", "/rest/sip/domain", {"domain": "acme"})
            domain = made["domain"]
            path = f"/rest/sip/domain/{domain}/user"
            await alice.ask("POST", path, {"login": LOGIN, "password": PASSWORD})
            phone = softphone(
                user=LOGIN, password=PASSWORD, registrar=server.sip, domain=domain, every=3600
            )
            async with phone as bob:
                await bob.wait_for("REGISTER_OK", seconds=30)
                before = await until_registered(alice, domain, 1)
                server.kill()
                server.start()
                assert await registered(alice, domain) == before
                [looked] = await alice.ask("GET", path)
                assert looked["state"] == "online"
