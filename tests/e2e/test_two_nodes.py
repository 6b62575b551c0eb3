"""Two nodes share one PostgreSQL: a phone that is registered at one is called from the other."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from support.baresip import Softphone, softphone
from support.live_server import Customer, Server, customer, running_server
from support.postgres import postgres_server

from .sounds import seconds_of_tone

PASSWORD = "correct-horse-battery"


@pytest.fixture(scope="module")
def nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, Server]]:
    folder: Path = tmp_path_factory.mktemp("nodes")
    with postgres_server() as database:
        database.execute("CREATE DATABASE opentact")
        url = database.url("opentact")
        with (
            running_server(folder / "one", database_url=url) as one,
            running_server(folder / "two", database_url=url) as two,
        ):
            yield one, two


@pytest.fixture
async def owner(nodes: tuple[Server, Server]) -> AsyncIterator[Customer]:
    one, _ = nodes
    async with customer(one.http, one.token) as found:
        yield found


async def phone_at(
    stack: AsyncExitStack, node: Server, domain: str, login: str, hertz: int
) -> Softphone:
    phone = await stack.enter_async_context(
        softphone(
            user=login,
            password=PASSWORD,
            registrar=node.sip,
            domain=domain,
            speaks=f"ausine,{hertz}",
            answers="auto" if login == "bob" else "manual",
        )
    )
    await phone.wait_for("REGISTER_OK", seconds=30)
    return phone


async def until_connected(phone: Softphone, uri: str) -> None:
    """Dial until it works: a node looks every few seconds whether others hold any phones."""
    for _ in range(5):
        await phone.dial(uri)
        try:
            await phone.wait_for("CALL_ESTABLISHED", seconds=3)
        except AssertionError:
            continue
        return
    raise AssertionError(f"{uri} was not reached: {phone.events}")


async def test_a_phone_is_called_from_the_node_it_is_not_registered_at(
    nodes: tuple[Server, Server], owner: Customer
) -> None:
    one, two = nodes
    name = f"nodes-{secrets.token_hex(4)}"
    domain = (await owner.ask("POST", "/rest/sip/domain", {"domain": name}))["domain"]
    for login in ("alice", "bob"):
        body = {"login": login, "password": PASSWORD}
        await owner.ask("POST", f"/rest/sip/domain/{domain}/user", body)
    async with AsyncExitStack() as stack:
        bob = await phone_at(stack, one, domain, "bob", 1000)
        alice = await phone_at(stack, two, domain, "alice", 600)
        await until_connected(alice, f"sip:bob@{domain}")
        await asyncio.sleep(3)
        await alice.hang_up()
        for phone in (alice, bob):  # what was heard is whole then
            await phone.wait_for("CALL_CLOSED", seconds=20)
        assert seconds_of_tone(bob.heard(), 600) > 1.5
        assert seconds_of_tone(alice.heard(), 1000) > 1.5
