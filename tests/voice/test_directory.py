from collections.abc import AsyncIterator
from uuid import UUID

import pytest

from opentact.voice.directory import Directory
from support.exchange import HOME, lead
from support.neighbourhood import Neighbourhood, connection, profile
from support.numbers import FIRST
from support.world import World, build_world


@pytest.fixture
async def world(database_url: str) -> AsyncIterator[World]:
    async with build_world(database_url) as built:
        yield built


async def lease_of(world: World) -> str:
    return str(
        (await world.alice.client.get(f"/rest/lease/tn/{FIRST}/tn")).json()["payload"]["uuid"]
    )


async def test_a_domain_is_known_with_all_that_it_is_linked_to(world: World) -> None:
    app = await lead(world, world.alice)
    media = {"class4_ingress_trunk_settings": {"media_type": "Bypass Media"}}
    out = await profile(world.alice, tn_lease=await lease_of(world), **media)
    pbx = await connection(world.alice)
    await Neighbourhood().domain(
        world.alice, sip_control_app=app, sip_connection=str(pbx), outbound_voice_profile=out
    )
    known = await Directory(world.database).domain(HOME.upper())
    assert known is not None
    assert known.app is not None
    assert known.connection is not None
    assert known.profile is not None
    assert (known.name, known.account.uuid) == (HOME, world.alice.account)
    assert b"<Say>Hello</Say>" in (known.app.static or b"")
    assert (known.connection.uuid, known.connection.is_active) == (pbx, True)
    assert known.profile.caller_id == FIRST
    assert known.bypasses_media


async def test_users_are_found_by_login_in_any_case_and_by_domain(world: World) -> None:
    await lead(world, world.alice)
    users = await Neighbourhood().domain(world.alice, "Bob")
    path = f"/rest/sip/domain/{HOME}/user/{users['Bob']}"
    changes = {"tn_lease": await lease_of(world), "first_name": "Bob", "last_name": "Fox"}
    assert (await world.alice.client.patch(path, json=changes)).is_success
    directory = Directory(world.database)
    home = await directory.domain(HOME)
    assert home is not None
    bob = await directory.user(home.uuid, "bOB")
    assert bob is not None
    assert (bob.uuid, bob.number, bob.name) == (users["Bob"], FIRST, "Bob Fox")
    assert await directory.user(world.alice.account, "bob") is None
    assert await directory.domain("acme") is None


async def test_profiles_accounts_and_holders_of_numbers_are_found(world: World) -> None:
    await lead(world, world.alice)
    out = await profile(world.alice)
    directory = Directory(world.database)
    found = await directory.profile(UUID(out))
    assert found is not None
    assert (found.caller_id, found.bypasses_media) == (None, False)
    assert await directory.profile(world.alice.account) is None
    account = await directory.account(world.alice.account)
    assert account is not None
    assert account.name == "alice"
    assert await directory.holder(FIRST) == world.alice.account
    assert await directory.holder(FIRST + 1) is None


async def test_a_change_is_seen_once_it_is_told(world: World) -> None:
    directory = Directory(world.database)
    assert await directory.domain(HOME) is None
    await Neighbourhood().domain(world.alice)
    assert await directory.domain(HOME) is None
    directory.forget()
    assert await directory.domain(HOME) is not None
