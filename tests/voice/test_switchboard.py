import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from opentact.accounts.accounts import Account
from opentact.adapters.storage.faults import DatabaseUnusable
from opentact.numbers.profiles import TnProfile
from opentact.voice.calls import Call
from opentact.voice.media import MediaUnavailable, NoMediaPorts
from opentact.voice.sip.machine import Address
from opentact.voice.testing import OFFER, PaperLeg
from support.exchange import Exchange, exchange, lead
from support.world import World, build_world


@pytest.fixture
async def world(database_url: str) -> AsyncIterator[World]:
    async with build_world(database_url) as built:
        yield built


@pytest.fixture
async def phones(world: World, tmp_path: Path) -> AsyncIterator[Exchange]:
    async with exchange(world, tmp_path) as made:
        yield made


async def stored(world: World) -> list[Call]:
    async with world.database.read() as session:
        return list(await session.scalars(select(Call)))


def header(leg: PaperLeg) -> str:
    return (leg.reason or "").partition(";text")[0]


async def test_a_call_is_found_while_it_lives_and_by_its_account_alone(phones: Exchange) -> None:
    world = phones.world
    await lead(world, world.alice)
    leg = await phones.call()
    (card,) = phones.board.of_account(world.alice.account)
    assert leg.status == 200
    assert phones.board.find(world.alice.account, card.call.uuid) is not None
    assert phones.board.find(world.bob.account, card.call.uuid) is None
    assert phones.board.of_account(world.bob.account) == []
    leg.hangs_up()
    await phones.all_over()
    assert phones.board.of_account(world.alice.account) == []
    (call,) = await stored(world)
    assert (call.cause, call.node, call.to, call.from_) == (
        "caller_hung_up",
        "test",
        "12025550100",
        "+12025550199",
    )
    assert [f["payload"]["state"] for f in phones.told()] == [
        "init",
        "ringing",
        "live",
        "hangup",
        "destroyed",
    ]


async def test_a_stranger_learns_nothing_and_leaves_nothing(phones: Exchange) -> None:
    await lead(phones.world, phones.world.alice)
    leg = await phones.call(source=Address("192.0.2.66", 5060))
    assert leg.sent == [(403,)]
    assert leg.reason is None
    assert await stored(phones.world) == []


async def test_a_number_nobody_holds_is_refused_and_nobody_is_told(phones: Exchange) -> None:
    for called in ("+12025550177", "alice", "", "12025550100x", "+" + "1" * 40):
        leg = await phones.call(called=called)
        assert (leg.status, header(leg)) == (404, "Q.850;cause=1")
    assert await stored(phones.world) == []


async def test_uri_parameters_are_no_part_of_the_number(phones: Exchange) -> None:
    await lead(phones.world, phones.world.alice)
    assert (await phones.call("2025550100;npdi;rn=+12025550000")).status == 200


@pytest.mark.parametrize(
    ("app", "flow", "status", "q850", "cause"),
    [
        ({"is_active": False}, "<Hangup/>", 480, 31, "app_inactive"),
        (None, None, 404, 1, "no_destination"),
    ],
)
async def test_a_refusal_is_told_to_the_caller_and_to_the_account(
    phones: Exchange,
    app: dict[str, Any] | None,
    flow: str | None,
    status: int,
    q850: int,
    cause: str,
) -> None:
    world = phones.world
    uuid = await lead(world, world.alice, flow, **(app or {}))
    if app is None:
        lease = (await world.alice.client.get("/rest/lease/tn/12025550100/tn")).json()["payload"]
        path = f"/rest/sip/app/{uuid}/tnlease"
        body = {"remove": [lease["uuid"]]}
        assert (await world.alice.client.post(path, json=body)).is_success
    await refused(phones, status, q850, cause)


async def refused(phones: Exchange, status: int, q850: int, cause: str, **how: Any) -> Call:
    leg = await phones.call(**how)
    await phones.all_over()
    assert (leg.status, header(leg)) == (status, f"Q.850;cause={q850}")
    (call,) = await stored(phones.world)
    assert (call.cause, call.sip_status, call.q850_cause) == (cause, status, q850)
    assert (call.answer_on, call.price) == (None, Decimal(0))
    told = phones.told()
    assert [each["payload"]["state"] for each in told] == ["init", "destroyed"]
    assert told[-1]["call"]["cause"] == cause
    assert phones.media.legs == [] or all(each.closed for each in phones.media.legs)
    return call


async def change(world: World, **values: Any) -> None:
    async with world.database.write() as session:
        mine = Account.uuid == world.alice.account
        await session.execute(update(Account).where(mine).values(**values))


async def test_a_disabled_account_is_not_called(phones: Exchange) -> None:
    await lead(phones.world, phones.world.alice)
    await change(phones.world, disabled_on=phones.world.clock.now())
    await refused(phones, 403, 21, "account_disabled")


async def test_an_empty_balance_is_not_called(phones: Exchange) -> None:
    await lead(phones.world, phones.world.alice)
    async with phones.world.database.write() as session:
        price = update(TnProfile).values(voice_incoming_per_min_cost=Decimal("0.01"))
        await session.execute(price)
    await change(phones.world, balance=Decimal("0.00999"))
    await refused(phones, 402, 21, "balance_empty")


async def test_an_expired_lease_is_not_called(phones: Exchange) -> None:
    await lead(phones.world, phones.world.alice)
    phones.world.clock.at += timedelta(days=400)
    await refused(phones, 404, 1, "lease_expired")


async def test_a_caller_without_a_codec_of_ours_is_refused(phones: Exchange) -> None:
    await lead(phones.world, phones.world.alice)
    offer = OFFER.replace(b"AVP 0 101", b"AVP 18 101")
    call = await refused(phones, 488, 88, "no_common_codec", offer=offer)
    assert "offered 18 101" in (call.reason or "")


async def test_a_caller_whose_offer_cannot_be_read_is_refused(phones: Exchange) -> None:
    await lead(phones.world, phones.world.alice)
    await refused(phones, 400, 111, "bad_sdp", offer=b"hello")


@pytest.mark.parametrize("fault", [NoMediaPorts(), MediaUnavailable("it died")])
async def test_without_media_a_call_is_refused(phones: Exchange, fault: Exception) -> None:
    await lead(phones.world, phones.world.alice)
    phones.media.fault = fault
    await refused(phones, 503, 47, "no_media")


async def test_a_mistake_of_ours_before_the_call_lives_answers_500(phones: Exchange) -> None:
    await lead(phones.world, phones.world.alice)
    phones.media.fault = ZeroDivisionError("a bug")
    leg = await phones.call()
    assert (leg.status, header(leg)) == (500, "Q.850;cause=41")


@pytest.mark.parametrize("fault", [DatabaseUnusable("gone"), ConnectionRefusedError()])
async def test_without_a_database_a_caller_may_try_again_in_a_moment(
    phones: Exchange, fault: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    await lead(phones.world, phones.world.alice)

    async def away(_: str) -> None:
        raise fault

    monkeypatch.setattr(phones.board._dispatch.admissions, "decide", away)
    leg = await phones.call()
    assert (leg.status, header(leg)) == (503, "Q.850;cause=41")
    assert dict(leg.refused_with)["retry-after"] == "5"


async def test_a_call_is_paid_with_its_end_and_the_last_frame_shows_the_balance(
    phones: Exchange,
) -> None:
    world = phones.world
    await lead(world, world.alice)
    async with world.database.write() as session:
        price = update(TnProfile).values(voice_incoming_per_min_cost=Decimal("0.01"))
        await session.execute(price)
    await change(world, balance=Decimal(10))
    leg = await phones.call()
    world.clock.at += timedelta(seconds=61)
    leg.hangs_up()
    await phones.all_over()
    (call,) = await stored(world)
    assert (call.duration, call.billed_seconds, call.price) == (61, 120, Decimal("0.02"))
    entries = (await world.alice.client.get("/rest/account")).json()["payload"]
    assert entries["balance"] == 9.98
    assert phones.told()[-1]["call"]["account"]["balance"] == 9.98
    assert [frame["payload"] for frame in phones.told("balance")][-1] == 9.98


async def test_the_charge_of_one_call_shows_in_the_frames_of_another(phones: Exchange) -> None:
    world = phones.world
    await lead(world, world.alice)
    async with world.database.write() as session:
        price = update(TnProfile).values(voice_incoming_per_min_cost=Decimal("0.01"))
        await session.execute(price)
    await change(world, balance=Decimal(10))
    one, other = await phones.call(call_id="one"), await phones.call(call_id="other")
    one.hangs_up()
    await phones.until(lambda: len(phones.board.live) == 1)
    (card,) = phones.board.of_account(world.alice.account)
    assert card.account.balance == Decimal("9.99")
    other.hangs_up()
    await phones.all_over()


async def test_closing_ends_every_call_also_one_that_is_just_being_taken(phones: Exchange) -> None:
    await lead(phones.world, phones.world.alice)
    living = await phones.call()
    phones.media.gate = asyncio.Event()
    coming = PaperLeg(called="+12025550100")
    phones.board.take(coming)
    await asyncio.sleep(0)
    closing = asyncio.create_task(phones.board.close())
    await asyncio.sleep(0)
    late = PaperLeg(called="+12025550100")
    phones.board.take(late)
    phones.media.gate.set()
    async with asyncio.timeout(10):
        await closing
    assert (living.sent[-1], coming.status, late.status) == (("BYE",), 503, 503)
    assert {call.cause for call in await stored(phones.world)} == {"server_stopped"}


async def test_long_names_are_cut(phones: Exchange) -> None:
    await lead(phones.world, phones.world.alice)
    leg = await phones.call(caller="x" * 500, call_id="y" * 5000)
    leg.hangs_up()
    await phones.all_over()
    (call,) = await stored(phones.world)
    assert (len(call.from_), len(call.sip_call_id or "")) == (64, 255)
