"""Trunks of a node: its news stored for whom it concerns, its names, and what inspect shows."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from random import Random
from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID

import pytest

from opentact.adapters.sip.endpoint import SipEndpoint
from opentact.adapters.sip.locator import Locator
from opentact.adapters.storage.database import Database
from opentact.app import trunk_wiring
from opentact.app.settings import BadSetting, Settings
from opentact.app.trunk_wiring import (
    TrunkNews,
    addresses_of,
    place_of,
    reach_of,
    servers_of,
    trunk_rows,
)
from opentact.voice.sip.machine import Address
from opentact.voice.trunk_events import TrunkPart
from opentact.voice.trunk_rows import Rows
from opentact.voice.trunk_ways import Trunk, TrunkKind, TrunkTarget
from opentact.voice.trunks import Trunks
from support.nameserver import nameserver
from support.world import World, build_world

TARGET = TrunkTarget("192.0.2.7", 5060)
TRUNK = Trunk(TrunkKind.CONNECTION, UUID(int=5), "office", (TARGET,))


@pytest.fixture
async def world(database_url: str) -> AsyncIterator[World]:
    async with build_world(database_url) as world:
        yield world


async def test_news_reaches_the_account_of_the_trunk_and_nobody_else(world: World) -> None:
    news = TrunkNews(world.database, world.services.events, world.clock)
    part = TrunkPart.TARGET
    mine = replace(TRUNK, account=world.alice.account)
    await news.tell([(mine, part, TARGET, "up", "down", "no answer")])
    await news.tell([(TRUNK, part, TARGET, "up", "down", "nobody's")])
    [logged] = world.published
    frame = json.loads(logged.frame)
    assert (logged.account, frame["type"]) == (world.alice.account, "trunk_state")
    assert frame["payload"] == {
        "uuid": str(TRUNK.uuid),
        "kind": "connection",
        "name": "office",
        "part": "target",
        "target": "udp:192.0.2.7:5060",
        "from": "up",
        "to": "down",
        "reason": "no answer",
    }


@pytest.mark.parametrize("name", ["x" * 300, "a..b"])
async def test_a_name_that_leads_nowhere_has_no_addresses(name: str) -> None:
    assert await addresses_of(name) == ()


async def test_this_machine_is_known_by_name() -> None:
    assert (await addresses_of("localhost"))[0] == "127.0.0.1"


@pytest.mark.parametrize(
    ("uri", "found"),
    [
        (
            "sip:example.com",
            (Address("127.0.0.2", 5071, "tcp"), Address("127.0.0.3", 5060, "udp")),
        ),
        (
            "sip:example.com;transport=tls",
            (Address("127.0.0.2", 5081, "tls", 0, "example.com"),),
        ),
        ("sip:a.example.com:5090", (Address("127.0.0.2", 5090),)),
        ("sip:localhost", (Address("127.0.0.1", 5060),)),
    ],
)
async def test_targets_are_where_dns_says(uri: str, found: tuple[Address, ...]) -> None:
    zone = """
@ 60 IN NAPTR 10 10 "s" "SIP+D2T" "" _sip._tcp
@ 60 IN NAPTR 20 10 "s" "SIP+D2U" "" _sip._udp
_sip._tcp 60 IN SRV 10 1 5071 a
_sip._udp 60 IN SRV 10 1 5060 b
_sips._tcp 60 IN SRV 10 1 5081 a
a 60 IN A 127.0.0.2
b 60 IN A 127.0.0.3
"""
    async with nameserver(zone) as (_, place):
        assert await servers_of(Locator(("udp", "tcp", "tls"), server=place), uri) == found


async def test_names_that_only_this_machine_knows_are_used_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def from_the_hosts_file(name: str) -> tuple[str, ...]:
        return ("192.0.2.5",) if name == "pbx.example.com" else ()

    monkeypatch.setattr(trunk_wiring, "addresses_of", from_the_hosts_file)
    async with nameserver("") as (_, place):
        locator = Locator(("udp", "tls"), server=place)
        assert await servers_of(locator, "sip:pbx.example.com;transport=tls") == (
            Address("192.0.2.5", 5061, "tls", 0, "pbx.example.com"),
        )


@pytest.mark.parametrize(
    ("settings", "reached", "refused"),
    [
        (
            Settings(),
            ["127.0.0.1", "::1", "8.8.8.8"],
            ["10.0.0.5", "169.254.169.254", "::ffff:10.0.0.5"],
        ),
        (Settings(sip="0.0.0.0:5060"), ["8.8.8.8"], ["127.0.0.1", "10.0.0.5", "224.0.0.1"]),
        (Settings(sip_networks="10.0.0.0/8"), ["10.0.0.5"], ["127.0.0.1", "192.168.1.1"]),
    ],
)
def test_customers_reach_public_addresses_and_what_the_setting_names(
    settings: Settings, reached: list[str], refused: list[str]
) -> None:
    may_reach = reach_of(settings)
    assert [each for each in reached + refused if may_reach(each)] == reached


@pytest.mark.parametrize(
    ("bound", "advertised", "place"),
    [
        ("127.0.0.1", "", "127.0.0.1:5060"),
        ("0.0.0.0", "sip.example.com", "sip.example.com:5060"),
        ("::1", "", "[::1]:5060"),
    ],
)
def test_our_contact_names_what_others_reach(bound: str, advertised: str, place: str) -> None:
    sip: Any = SimpleNamespace(local=(bound, 5060))
    assert place_of(Settings(sip_advertise=advertised), cast(SipEndpoint, sip)) == place


@pytest.mark.parametrize(
    ("sip", "wanted", "place"),
    [
        ("127.0.0.1:5060", "", ("127.0.0.1", 0)),
        ("0.0.0.0:5060", "", None),
        ("127.0.0.1:5060", "off", None),
        ("0.0.0.0:5060", "127.0.0.1:5090", ("127.0.0.1", 5090)),
    ],
)
def test_the_simulated_carrier_is_there_while_sip_is_local(
    sip: str, wanted: str, place: tuple[str, int] | None
) -> None:
    assert Settings(sip=sip, dev_carrier=wanted).dev_carrier_address == place


def test_a_wrong_place_for_it_is_one_sentence() -> None:
    with pytest.raises(BadSetting, match="Setting dev_carrier"):
        Settings(dev_carrier="there").checked()


def test_inspect_shows_each_target_with_its_state() -> None:
    trunks = Trunks(cast(Database, None), lambda: 12.0, Random(1).randrange)
    trunks.take(Rows((TRUNK,)))
    trunks.heard(TRUNK.uuid, TARGET, 200, by="OPTIONS")
    assert trunk_rows(trunks) == [
        {
            "trunk": "office",
            "kind": "connection",
            "uuid": str(TRUNK.uuid),
            "target": "udp:192.0.2.7:5060",
            "priority": 10,
            "weight": 100,
            "state": "up",
            "reason": "200 to OPTIONS",
            "for_s": 0.0,
            "registration": None,
        }
    ]
