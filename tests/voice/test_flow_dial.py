from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import select

from opentact.adapters.storage.faults import DatabaseUnusable
from opentact.voice.calls import Call
from opentact.voice.sdp.offer_answer import answer
from opentact.voice.testing import PaperLeg
from opentact.voice.testing_legs import PaperCallee
from support.exchange import HOME, Exchange, exchange, lead
from support.neighbourhood import Neighbourhood, binding, profile
from support.numbers import FIRST
from support.world import World, build_world

FAR = "+442071838750"
AFTER = '<Say>After</Say><Pause length="60000"/>'


@pytest.fixture
async def world(database_url: str) -> AsyncIterator[World]:
    async with build_world(database_url) as built:
        yield built


@pytest.fixture
async def house(world: World, tmp_path: Path) -> AsyncIterator[Exchange]:
    async with exchange(world, tmp_path, Neighbourhood()) as made:
        made.users = await made.near.domain(world.alice, "alice", "bob")
        made.near.outlets.out = ["192.0.2.90"]
        yield made


async def dial(house: Exchange, targets: str, after: str = AFTER, **attributes: str) -> PaperLeg:
    """Let a call arrive whose flow dials, and wait until somebody rings or the flow has gone on."""
    out = await profile(house.world.alice)
    said = " ".join(f'{name}="{value}"' for name, value in attributes.items())
    flow = f"<Answer/><Dial {said}>{targets}<Error><Say>Nobody</Say></Error></Dial>{after}"
    await lead(house.world, house.world.alice, flow, outbound_voice_profile=out)
    leg = PaperLeg(called=f"+{FIRST}")
    house.board.take(leg)
    await house.until(lambda: house.near.dialler.legs or said_by(house))
    return leg


def said_by(house: Exchange) -> list[str]:
    return [each for each, _ in house.media.legs[0].played] if house.media.legs else []


def replying(callee: PaperCallee) -> bytes:
    return answer(callee.sdp, host="192.0.2.60", port=4002, session_id=1)[0]


async def answered(house: Exchange, number: int = 0) -> PaperCallee:
    callee = house.near.dialler.legs[number]
    callee.rings()
    callee.answers(replying(callee))
    await house.until(lambda: house.media.legs[0].bridged is not None)
    return callee


async def stored(house: Exchange) -> list[Call]:
    async with house.world.database.read() as session:
        return list(await session.scalars(select(Call).order_by(Call.created_on, Call.uuid)))


async def test_who_answers_is_connected_and_the_flow_goes_on_when_it_hangs_up(
    house: Exchange,
) -> None:
    leg = await dial(house, f"<To>bob@{HOME}</To>")
    bob = await answered(house)
    assert bob.how["to"] == f"<sip:bob@{HOME}>"
    assert house.media.legs[0].bridged is house.media.legs[1]
    bob.hangs_up()
    await house.until(lambda: "said After" in said_by(house))
    assert leg.state == "up"
    leg.hangs_up()
    await house.all_over()
    caller, callee = await stored(house)
    assert (callee.cause, callee.parent_uuid) == ("callee_hung_up", caller.uuid)
    assert (caller.peer_uuid, callee.peer_uuid) == (callee.uuid, caller.uuid)
    assert caller.cause == "caller_hung_up"
    assert all(each.closed for each in house.media.legs)


async def test_who_is_called_first_hears_nothing_of_the_others_who_are_cancelled(
    house: Exchange,
) -> None:
    house.near.phones.at[house.users["bob"]].append(binding("sip:bob@192.0.2.51"))
    leg = await dial(house, f"<To>bob@{HOME}</To><To>alice@{HOME}</To>")
    await answered(house, 1)
    assert [each.state for each in house.near.dialler.legs] == ["over", "up", "over"]
    leg.hangs_up()
    await house.all_over()
    assert house.near.dialler.legs[1].sent[-1] == ("BYE",)
    causes = {call.to: call.cause for call in await stored(house)}
    assert causes == {
        str(FIRST): "caller_hung_up",
        "bob": "caller_hung_up",
        "alice": "answered_elsewhere",
    }


async def test_the_error_block_runs_when_nobody_will_answer(house: Exchange) -> None:
    leg = await dial(house, f"<To>bob@{HOME}</To><To>nobody@{HOME}</To>")
    house.near.dialler.legs[0].refuses(486)
    await house.until(lambda: "said After" in said_by(house))
    leg.hangs_up()
    await house.all_over()
    assert "said Nobody" in said_by(house)
    told = [each["payload"]["command"] for each in house.told("call_flow")]
    reason = next(each["reason"] for each in told if each["name"] == "Dial")
    assert "bob: The far end answered 486" in reason
    assert f"nobody@{HOME}: The SIP domain has no such user" in reason


async def test_a_number_is_called_through_the_apps_profile_and_costs_what_the_rules_say(
    house: Exchange,
) -> None:
    leg = await dial(house, f"<Number>{FAR}</Number>")
    far = await answered(house)
    assert far.how["caller"] == f"<sip:+{FIRST}@127.0.0.1>"
    leg.hangs_up()
    await house.all_over()
    assert house.near.rules.given == house.near.rules.left
    call = (await stored(house))[1]
    assert (call.to, str(call.rate)) == (FAR, "0.01000")


async def test_without_a_database_nobody_is_dialled_and_the_call_goes_on(
    house: Exchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: object) -> None:
        raise DatabaseUnusable("gone")

    monkeypatch.setattr(house.board.directory, "user", away)
    leg = await dial(house, f"<Number>{FAR}</Number><To>bob@{HOME}</To>")
    await house.until(lambda: "said Nobody" in said_by(house))
    assert (leg.state, house.near.dialler.legs) == ("up", [])
    rules = house.near.rules
    assert (rules.given, rules.left) == (2, 1)  # what the caller holds is left
    leg.hangs_up()
    await house.all_over()
    assert rules.given == rules.left
