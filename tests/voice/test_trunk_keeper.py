"""Keeping trunks: OPTIONS on time, targets down and up, names resolved, news told."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import pytest

from opentact.voice.sip.machine import Address
from opentact.voice.trunk_health import TargetState
from opentact.voice.trunk_ways import TrunkTarget
from support.virtual_time import passes, virtually

from .trunk_paper import ONE, TWO, Net, Sent, trunk

DOWN, UP, UNKNOWN = TargetState.DOWN, TargetState.UP, TargetState.UNKNOWN


URI = "sip:sip.example.com"


@asynccontextmanager
async def kept(net: Net) -> AsyncIterator[Net]:
    task = asyncio.create_task(net.keeper.run())
    try:
        yield net
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await net.keeper.close()


@virtually
async def test_a_target_is_asked_at_its_interval() -> None:
    async with kept(Net()) as net:
        net.have(trunk(options=10))
        await passes(101)
        assert 10 <= len(net.asked("OPTIONS")) <= 12
        first = net.sent[0]
        assert (first.target, first.destination) == (
            "sip:192.0.2.1:5060",
            Address("192.0.2.1", 5060),
        )
        assert first.at < 0.1
        assert net.trunks.health(trunk().uuid, ONE).state is UP
        assert net.news == []  # that it was up is no news


@virtually
async def test_without_an_interval_nobody_is_asked() -> None:
    async with kept(Net()) as net:
        net.have(trunk())
        await passes(1000)
        assert net.sent == []


@pytest.mark.parametrize("answer", [None, 503, 408])
def test_a_target_that_fails_is_down_within_seconds_and_that_is_told(answer: int | None) -> None:
    async def scenario() -> None:
        async with kept(Net(lambda _: answer)) as net:
            net.have(trunk(ONE, options=30))
            await passes(31)
            assert net.news == [("target", "unknown", "down")]
            assert "the 3rd failure in a row" in net.reasons[0]

    virtually(scenario)()


@virtually
async def test_a_target_that_answers_again_comes_up_and_that_is_told() -> None:
    async with kept(Net(lambda sent: 200 if sent.at > 60 else None)) as net:
        net.have(trunk(ONE, options=10))
        await passes(59)
        assert net.news == [("target", "unknown", "down")]
        await passes(40)
        assert net.news == [("target", "unknown", "down"), ("target", "down", "up")]


@virtually
async def test_one_target_may_be_down_while_another_is_up() -> None:
    async with kept(Net(lambda sent: 503 if "192.0.2.1" in sent.target else 404)) as net:
        net.have(trunk(ONE, TWO, options=10))
        await passes(60)
        health = {each: net.trunks.health(trunk().uuid, each).state for each in (ONE, TWO)}
        assert health == {ONE: DOWN, TWO: UP}
        assert [way.target for way in net.trunks.ways_to_connection(trunk().uuid)] == [TWO]


@virtually
async def test_what_calls_took_down_is_looked_at_until_it_is_up() -> None:
    async with kept(Net(lambda sent: 200 if sent.at > 100 else 503)) as net:
        net.have(trunk(ONE))
        await passes(1)
        [way] = net.trunks.ways_to_connection(trunk().uuid)
        for _ in range(3):
            net.trunks.told(way, None)
        await passes(90)
        assert net.news == [("target", "unknown", "down")]
        assert 2 <= len(net.sent) <= 3
        await passes(90)
        assert net.news[1:] == [("target", "down", "up")]
        asked = len(net.sent)
        await passes(500)
        assert len(net.sent) == asked  # up again, it is nobody's business


@virtually
async def test_a_shorter_interval_holds_at_once() -> None:
    async with kept(Net()) as net:
        net.have(trunk(ONE, options=3000))
        await passes(1)
        net.have(trunk(ONE, options=10))
        await passes(60)
        assert 5 <= len(net.sent) <= 8


@virtually
async def test_what_is_removed_is_asked_no_more() -> None:
    async with kept(Net()) as net:
        net.have(trunk(ONE, options=10))
        await passes(25)
        net.have()
        asked = len(net.sent)
        await passes(100)
        assert len(net.sent) == asked


@virtually
async def test_a_name_is_resolved_before_it_is_asked_and_again_from_time_to_time() -> None:
    named = TrunkTarget("sip.example.com", None)
    net = Net(names={URI: (Address("203.0.113.9", 5060),)})
    async with kept(net):
        net.have(trunk(named, options=30))
        await passes(70)
        assert {each.destination for each in net.sent} == {Address("203.0.113.9", 5060)}
        net.names[URI] = (Address("203.0.113.10", 5060),)
        await passes(90)
        assert net.sent[-1].destination == Address("203.0.113.10", 5060)
        net.names.clear()
        await passes(90)
        assert net.sent[-1].destination == Address("203.0.113.10", 5060)


@virtually
async def test_a_target_is_up_while_any_of_its_servers_answers() -> None:
    dead, alive = Address("203.0.113.9", 5060), Address("203.0.113.10", 5080)
    net = Net(lambda sent: 503 if sent.destination == dead else 200, names={URI: (dead, alive)})
    async with kept(net):
        net.have(trunk(TrunkTarget("sip.example.com", None), options=10))
        await passes(45)
        asked = [each.destination for each in net.sent]
        assert asked == [dead, *[alive] * (len(asked) - 1)]
        assert net.news == []


@virtually
async def test_a_registration_goes_to_another_server_when_one_is_dead() -> None:
    dead, alive = Address("203.0.113.9", 5060), Address("203.0.113.10", 5080)
    net = Net(lambda sent: 503 if sent.destination == dead else 200, names={URI: (dead, alive)})
    async with kept(net):
        net.have(trunk(TrunkTarget("sip.example.com", None), register=True))
        await passes(300)
        assert [each.destination for each in net.asked("REGISTER")][:2] == [dead, alive]


@virtually
async def test_customers_targets_inside_our_network_are_neither_asked_nor_registered_at() -> None:
    net = Net(may_reach=lambda host: not host.startswith("10."))
    async with kept(net):
        inside = TrunkTarget("10.0.0.5", 5060)
        net.have(trunk(inside, register=True, options=5))
        await passes(60)
        assert net.sent == []
        assert "10.0.0.5 is no public address" in " ".join(net.reasons)


@virtually
async def test_a_name_without_an_address_is_down_and_says_so() -> None:
    async with kept(Net()) as net:
        net.have(trunk(TrunkTarget("nowhere.example", 5060), options=5))
        await passes(60)
        assert net.sent == []
        assert net.news == [("target", "unknown", "down")]
        assert "nowhere.example has no address" in net.reasons[0]


@virtually
async def test_many_targets_are_not_asked_all_at_once() -> None:
    many = [TrunkTarget(f"10.0.{n >> 8}.{n & 255}", 5060) for n in range(500)]
    async with kept(Net()) as net:
        net.have(trunk(*many, options=60))
        await passes(11)
        assert len(net.sent) == 500
        in_a_second = [each for each in net.sent if each.at < 1]
        assert 25 < len(in_a_second) < 80


@virtually
async def test_news_waits_for_a_database_that_is_away() -> None:
    net = Net(lambda _: 503)
    tell: Callable[..., Coroutine[Any, Any, None]] = net.keeper._tell  # type: ignore[assignment]
    away = True

    async def fails(news: Any) -> None:
        if away:
            raise OSError("no database")
        await tell(news)

    net.keeper._tell = fails
    async with kept(net):
        net.have(trunk(ONE, options=5))
        await passes(60)
        assert net.news == []
        away = False
        await passes(10)
        assert net.news == [("target", "unknown", "down")]


@virtually
async def test_an_asker_that_refuses_counts_as_silence() -> None:
    def refuse(_: Sent) -> int:
        raise ValueError("the SIP endpoint is closing")

    async with kept(Net(refuse)) as net:
        net.have(trunk(ONE, options=5))
        await passes(60)
        assert net.news == [("target", "unknown", "down")]
        assert "endpoint is closing" in net.reasons[0]
