"""Trunks read from the rows that the API wrote, on both databases."""

from collections.abc import AsyncIterator
from random import Random
from typing import Any

import pytest

from opentact.voice.sip.digest import Credentials
from opentact.voice.sip.machine import Address
from opentact.voice.trunk_ways import Route, Transport, TrunkKind, TrunkTarget
from opentact.voice.trunks import Trunks
from support.world import Tenant, World, build_world

PBX = {"name": "pbx", "ip": "192.0.2.7", "port": 5062, "transport": "tcp"}


@pytest.fixture
async def world(database_url: str) -> AsyncIterator[World]:
    async with build_world(database_url) as world:
        yield world


async def made(who: Tenant, path: str, **body: Any) -> dict[str, Any]:
    answer = await who.client.post(path, json=body)
    assert answer.status_code == 201, answer.text
    payload: dict[str, Any] = answer.json()["payload"]
    return payload


async def read(world: World) -> Trunks:
    trunks = Trunks(world.database, lambda: 0.0, Random(1).randrange)
    world.services.sip_changes.listen(trunks.changed)
    await trunks.fresh()
    return trunks


async def test_a_connections_own_place_is_its_first_target(world: World) -> None:
    backup = {"host": "192.0.2.8", "port": 5060}
    await made(world.alice, "/rest/sip/connection", **PBX, targets=[backup])
    [trunk] = (await read(world)).by_uuid.values()
    assert trunk.targets == (
        TrunkTarget("192.0.2.7", 5062, Transport.TCP, priority=0),
        TrunkTarget("192.0.2.8", 5060, priority=10),
    )
    assert (trunk.kind, trunk.account, trunk.credentials) == (
        TrunkKind.CONNECTION,
        world.alice.account,
        None,
    )


async def test_a_listed_target_may_say_more_about_the_first(world: World) -> None:
    more = {"host": "192.0.2.7", "port": 5062, "transport": "tls", "weight": 7}
    await made(world.alice, "/rest/sip/connection", **PBX, targets=[more])
    [trunk] = (await read(world)).by_uuid.values()
    assert trunk.targets == (TrunkTarget("192.0.2.7", 5062, Transport.TLS, 10, 7),)


async def test_logins_networks_and_registration_are_read(world: World) -> None:
    shown = await made(
        world.alice,
        "/rest/sip/connection",
        **PBX,
        username="me",
        password="out",
        register=True,
        expires=120,
        options_interval_s=15,
        inbound_ips=["203.0.113.0/28"],
        inbound_username="in-me",
        inbound_password="in",
    )
    trunks = await read(world)
    [trunk] = trunks.by_uuid.values()
    assert trunk.credentials == Credentials("me", "out")
    assert (trunk.register, trunk.expires, trunk.options_interval) == (True, 120, 15)
    login = trunks.login("in-me")
    assert login is not None
    assert (login.password, login.caller) == ("in", trunk.caller)
    caller = trunks.caller_of(Address("203.0.113.9", 1024))
    assert caller is trunk.caller
    assert caller is not None
    assert caller.tech_prefix == shown["tech_prefix"]


async def test_a_carrier_is_read_with_its_routes(world: World) -> None:
    await made(
        world.admin,
        "/rest/admin/carrier",
        name="acme",
        targets=[{"host": "192.0.2.1"}],
        networks=["198.51.100.0/24"],
        routes=[{"prefix": "44", "priority": 3, "product": 2}],
    )
    trunks = await read(world)
    [trunk] = trunks.by_uuid.values()
    assert trunk.routes == (Route("44", 3, 2),)
    assert (trunk.keep_identity, trunk.options_interval) == (True, 30)
    assert trunk.account == world.admin.account
    found = trunks.caller_of(Address("198.51.100.1", 5060))
    assert found is not None
    assert (found.kind, found.name, found.account) == (TrunkKind.CARRIER, "acme", None)


async def test_a_switch_is_known_with_its_domain(world: World) -> None:
    domain = await made(world.alice, "/rest/sip/domain", domain="acme")
    path = f"/rest/sip/domain/{domain['domain']}/switch"
    await made(world.alice, path, name="pbx", remote_ip="192.0.2.50")
    await made(world.alice, path, name="named", remote_domain="pbx.example.com")
    trunks = await read(world)
    found = trunks.caller_of(Address("192.0.2.50", 5060))
    assert found is not None
    assert (found.kind, found.name, found.domain) == (TrunkKind.SWITCH, "pbx", domain["domain"])
    assert found.account == world.alice.account
    assert trunks.names == {"sip:pbx.example.com"}
    trunks.located({"sip:pbx.example.com": (Address("192.0.2.51", 5060),)})
    named = trunks.caller_of(Address("192.0.2.51", 9999))
    assert named is not None
    assert named.name == "named"


async def test_what_is_switched_off_is_not_there(world: World) -> None:
    await made(world.alice, "/rest/sip/connection", **PBX, is_active=False)
    await made(world.admin, "/rest/admin/carrier", name="off", is_active=False)
    assert (await read(world)).by_uuid == {}


async def test_a_change_by_the_api_is_taken_up_and_nothing_is_read_without_one(
    world: World,
) -> None:
    trunks = await read(world)
    pbx = await made(world.alice, "/rest/sip/connection", **PBX)
    assert trunks.by_uuid == {}
    await trunks.fresh()
    assert [trunk.name for trunk in trunks.by_uuid.values()] == ["pbx"]
    before = trunks.by_uuid
    await trunks.fresh()
    assert trunks.by_uuid is before
    await world.alice.client.delete(f"/rest/sip/connection/{pbx['uuid']}")
    await trunks.fresh()
    assert trunks.by_uuid == {}
