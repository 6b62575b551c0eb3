from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from pathlib import Path

import pytest

from opentact.voice import gatekeeper
from opentact.voice.bans import NewBan, active_bans, ban_of, lift, put_bans
from opentact.voice.gatekeeper import Gatekeeper, GuardRules
from opentact.voice.guard.sources import Networks, Standing
from opentact.voice.sip.machine import Address
from support.world import World, build_world

MALLORY = Address("192.0.2.66", 5060)
CARRIER = Address("192.0.2.1", 5060)
LOOPBACK = Address("127.0.0.1", 5060)
OPTIONS = b"OPTIONS sip:x SIP/2.0\r\nVia: x\r\nUser-Agent: %s\r\n\r\n"
HONEST, SCANNER = OPTIONS % b"phone 1", OPTIONS % b"friendly-scanner"
Open = Callable[..., Gatekeeper]


@pytest.fixture
async def world(database_url: str) -> AsyncIterator[World]:
    async with build_world(database_url) as built:
        yield built


@pytest.fixture
def opened(world: World) -> Open:
    def make(node: str = "one", **rules: object) -> Gatekeeper:
        made = GuardRules(**rules)  # type: ignore[arg-type]
        return Gatekeeper(
            world.database,
            world.clock,
            lambda: world.clock.now().timestamp(),
            made,
            node,
            lambda host: Standing.SPARED if host == CARRIER.host else Standing.STRANGER,
        )

    return make


def guess(guard: Gatekeeper, source: Address = MALLORY, times: int = 11) -> None:
    for _ in range(times):
        guard.suspect(source, "wrong_password", "ann@acme")


async def test_a_scanner_gets_silence_and_a_ban(world: World, opened: Open) -> None:
    guard = opened()
    assert guard.lets_in(HONEST, MALLORY)
    assert not guard.lets_in(SCANNER, MALLORY)
    assert not guard.lets_in(HONEST, MALLORY)
    assert guard.is_banned(MALLORY.host)
    await guard.settle()
    async with world.database.read() as session:
        [ban] = await active_bans(session, world.clock.now())
    assert (ban.place, ban.reason, ban.detail) == (
        MALLORY.host,
        "scanned for telephone systems",
        "friendly-scanner",
    )
    assert (ban.evidence, ban.times, ban.by) == ({"scanner": 1}, 1, "node one")
    assert ban.until == world.clock.now() + timedelta(minutes=10)


async def test_guessing_passwords_ends_in_a_ban_that_a_restart_and_other_nodes_keep(
    opened: Open,
) -> None:
    one, two = opened(), opened("two")
    closed: list[int] = []
    two.on_ban = lambda: closed.append(two.bans)
    guess(one)
    assert not one.lets_in(HONEST, MALLORY)
    assert two.lets_in(HONEST, MALLORY)
    await one.settle()
    await two.settle()
    assert not two.lets_in(HONEST, MALLORY)
    assert closed == [1]
    again = opened()
    await again.settle()
    assert not again.lets_in(HONEST, MALLORY)


async def test_a_ban_ends_and_the_next_one_is_longer(world: World, opened: Open) -> None:
    guard = opened()
    for minutes in (10, 60, 360):
        guess(guard)
        await guard.settle()
        async with world.database.read() as session:
            ban = await ban_of(session, MALLORY.host, world.clock.now())
        assert ban.until - ban.modified_on == timedelta(minutes=minutes)
        world.clock.at += timedelta(minutes=minutes)
        await guard.settle()
        assert guard.lets_in(HONEST, MALLORY)


async def test_a_lifted_ban_is_over_everywhere_and_forgotten(world: World, opened: Open) -> None:
    one, two = opened(), opened("two")
    guess(one)
    await one.settle()
    await two.settle()
    world.clock.at += timedelta(seconds=5)
    async with world.database.write() as session:
        lift(await ban_of(session, MALLORY.host, world.clock.now()), "ann", world.clock.now())
    for guard in (one, two):
        await guard.settle()
        assert guard.lets_in(HONEST, MALLORY)
        assert guard.bans == 0
    guess(one)
    await one.settle()
    async with world.database.read() as session:
        ban = await ban_of(session, MALLORY.host, world.clock.now())
    assert (ban.times, ban.lifted_on) == (1, None)


@pytest.mark.parametrize("source", [CARRIER, LOOPBACK, Address("198.51.100.9", 1)])
async def test_carriers_this_machine_and_spared_networks_are_counted_and_never_banned(
    opened: Open, source: Address
) -> None:
    guard = opened(rate=5.0, spared=Networks(["198.51.100.0/24"]))
    guess(guard, source, 500)
    assert all(guard.lets_in(each, source) for each in [HONEST, SCANNER] * 500)
    assert guard.bans == 0
    [row] = guard.rows()
    assert (row["standing"], row["banned"], row["messages"]) == ("spared", False, 500)
    assert row["seen"] == "500 wrong_password, 500 scanner"


async def test_this_machine_is_banned_when_a_setting_says_so(opened: Open) -> None:
    guard = opened(loopback=True)
    guess(guard, LOOPBACK)
    assert not guard.lets_in(HONEST, LOOPBACK)


async def test_a_flood_is_dropped_before_it_is_read_and_then_banned(opened: Open) -> None:
    guard = opened(rate=10.0)
    let_in = sum(guard.lets_in(HONEST, MALLORY) for _ in range(2000))
    assert let_in == 40
    assert guard.bans == 1
    assert guard.refused["flood"] + guard.refused["banned"] == 1960
    assert guard.lets_in(HONEST, Address("192.0.2.67", 5060))


async def test_a_banned_network_takes_all_its_hosts(world: World, opened: Open) -> None:
    guard = opened()
    async with world.database.write() as session:
        wanted = [NewBan("192.0.2.0/24", "by hand", "", {}, 1, 60, "ann")]
        await put_bans(session, wanted, world.clock.now())
    await guard.settle()
    assert not guard.lets_in(HONEST, MALLORY)
    assert guard.lets_in(HONEST, CARRIER)
    assert guard.lets_in(HONEST, Address("192.0.3.1", 1))


async def test_bans_are_bounded(opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gatekeeper, "MOST_BANS", 3)
    guard = opened()
    for n in range(1, 9):
        assert not guard.lets_in(SCANNER, Address(f"198.51.100.{n}", 5060))
    assert guard.bans == 3
    assert guard.refused["too many bans"] == 5


async def test_a_ban_that_cannot_be_stored_holds_and_is_stored_later(
    world: World, opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    guard = opened()
    guess(guard)
    with monkeypatch.context() as broken:
        broken.setattr(guard, "_storage", Path())
        with pytest.raises(AttributeError):
            await guard.settle()
    assert not guard.lets_in(HONEST, MALLORY)
    await guard.settle()
    async with world.database.read() as session:
        assert (await ban_of(session, MALLORY.host, world.clock.now())).times == 1


async def test_worst_comes_first_when_looked_at(opened: Open) -> None:
    guard = opened()
    for n in range(5):
        guard.lets_in(HONEST, Address(f"198.51.100.{n}", 1))
    guess(guard)
    worst, *others = guard.rows()
    assert (worst["source"], worst["banned"], worst["points"]) == (MALLORY.host, True, 100.0)
    assert len(others) == 5
