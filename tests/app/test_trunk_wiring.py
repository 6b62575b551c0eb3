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
from opentact.adapters.storage.database import Database
from opentact.app.settings import BadSetting, Settings
from opentact.app.trunk_wiring import TrunkNews, addresses_of, place_of, trunk_rows
from opentact.voice.trunk_events import TrunkPart
from opentact.voice.trunk_rows import Rows
from opentact.voice.trunk_ways import Trunk, TrunkKind, TrunkTarget
from opentact.voice.trunks import Trunks
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
