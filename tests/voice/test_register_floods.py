"""Floods at the registrar: strangers by the thousand cost no memory, and phones still get in."""

from collections.abc import AsyncIterator

import pytest

from support.registering import Phone, Rig, registrar
from support.sip_people import domain, user
from support.world import build_world

MANY = 10_000


@pytest.fixture
async def rig(database_url: str) -> AsyncIterator[Rig]:
    async with build_world(database_url) as world:
        await domain(world.alice)
        await user(world.alice, "ann")
        async with registrar(world) as running:
            yield running


async def test_ten_thousand_unknown_users_leave_nothing_behind(rig: Rig) -> None:
    for n in range(MANY):
        assert (await rig.ask(Phone(rig, login=f"zoe{n}").request())).status == 401
    assert len(rig.directory) == 1  # the domain, which is there
    assert (len(rig.registrar), len(rig.challenger)) == (0, 0)
    assert (await Phone(rig).register()).status == 200
    assert rig.suspicions == []


async def test_made_up_nonces_are_not_looked_up(rig: Rig) -> None:
    phone = Phone(rig)
    challenged = await rig.ask(phone.request())
    for n in range(1000):
        forged = phone.proven(challenged)
        [value] = forged.headers["authorization"]
        forged.headers["authorization"] = [value.replace('nonce="', f'nonce="{n:04}')]
        assert (await rig.ask(forged)).status == 401
    assert len(rig.directory) == 1
    assert len(rig.challenger) == 0


async def test_guessed_passwords_are_told_and_counted_as_nothing(rig: Rig) -> None:
    phone = Phone(rig, password="guess")
    challenged = await rig.ask(phone.request())
    for _ in range(300):
        assert (await rig.ask(phone.proven(challenged))).status == 401
    assert [what for what, _ in rig.suspicions] == ["wrong_password"] * 300
    assert (len(rig.registrar), len(rig.challenger)) == (0, 0)
    assert (await Phone(rig, number=1000).register()).status == 200
