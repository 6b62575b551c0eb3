from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import pytest

from opentact.voice.dial_plan import DialPlan, Origin, Placed
from opentact.voice.forks import PASSED
from opentact.voice.sip.machine import Address
from opentact.voice.testing import PaperLeg
from support.exchange import HOME, Exchange, exchange
from support.neighbourhood import Neighbourhood, profile
from support.numbers import FIRST, buy, stocked
from support.world import World, build_world

FAR = "+442071838750"
ELSEWHERE = "sip:carol@pbx.example.org:5070"


@pytest.fixture
async def world(database_url: str) -> AsyncIterator[World]:
    async with build_world(database_url) as built:
        yield built


@pytest.fixture
async def house(world: World, tmp_path: Path) -> AsyncIterator[Exchange]:
    async with exchange(world, tmp_path, Neighbourhood()) as made:
        await stocked(world, 3)
        await buy(world.alice, FIRST)
        made.users = await made.near.domain(world.alice, "alice", "bob")
        made.profile = await profile(world.alice)
        made.near.outlets.out = ["192.0.2.90"]
        yield made


async def place(
    house: Exchange,
    target: str,
    caller_id: str | None = None,
    *,
    profile: bool = True,
    passed: tuple[str, ...] = (),
    plan: DialPlan | None = None,
) -> Placed:
    account = await house.board.directory.account(house.world.alice.account)
    assert account is not None
    leg = PaperLeg(called=str(FIRST))
    card = house.board.cards.received(leg, account, lease=UUID(int=1))
    origin = Origin(card, UUID(house.profile) if profile else None, passed=passed)
    return await (plan or house.board.dials.plan).place(origin, target, caller_id)


def why(placed: Placed) -> str | None:
    return placed.refusal.cause.name if placed.refusal else None


@pytest.mark.parametrize("target", [f"bob@{HOME}", f"sip:BOB@{HOME}", f"sips:bob@{HOME}"])
async def test_a_user_of_the_accounts_domain_rings_where_it_registered(
    house: Exchange, target: str
) -> None:
    placed = await place(house, target)
    [[fork]] = placed.stages
    assert fork.target == "sip:bob@192.0.2.50:5070"
    assert (placed.card.call.to, placed.card.call.sip_user_uuid) == ("bob", house.users["bob"])
    assert placed.rate.is_free


@pytest.mark.parametrize(
    ("target", "cause"),
    [(f"nobody@{HOME}", "unknown_user"), ("nobody@127.0.0.1", "unknown_user")],
)
async def test_who_is_not_there_is_refused(house: Exchange, target: str, cause: str) -> None:
    assert why(await place(house, target)) == cause


async def test_users_of_another_account_are_not_called_by_name(house: Exchange) -> None:
    made = await house.world.bob.client.post("/rest/sip/domain", json={"domain": "others"})
    name = made.json()["payload"]["domain"]
    assert why(await place(house, f"carol@{name}")) == "foreign_user"


async def test_who_is_registered_nowhere_is_refused(house: Exchange) -> None:
    house.near.phones.at.clear()
    assert why(await place(house, f"bob@{HOME}")) == "callee_offline"


async def test_a_number_goes_out_through_the_profile_and_shows_the_number_called(
    house: Exchange,
) -> None:
    placed = await place(house, FAR)
    [[fork]] = placed.stages
    assert fork.caller == f"<sip:+{FIRST}@127.0.0.1>"
    assert [name for name, _ in fork.headers] == ["x-way", PASSED]
    assert str(placed.card.call.rate) == "0.01"
    assert placed.allowed is not None
    placed.allowed.ticket.close()


async def test_a_number_leased_here_stays_in_the_house_without_a_profile(house: Exchange) -> None:
    placed = await place(house, f"+{FIRST}", profile=False)
    [[fork]] = placed.stages
    assert fork.destination is not None
    assert fork.destination.host == "house"
    assert fork.headers[0][0] == PASSED
    assert placed.allowed is not None
    placed.allowed.ticket.close()


async def test_a_number_that_the_call_has_been_to_is_not_called_again(house: Exchange) -> None:
    placed = await place(house, f"+{FIRST}")
    [[fork]] = placed.stages
    mark = fork.headers[-1][1]
    assert why(await place(house, f"+{FIRST}", passed=(mark,))) == "loop"
    assert placed.allowed is not None
    placed.allowed.ticket.close()


async def test_without_a_profile_no_number_is_called(house: Exchange) -> None:
    assert why(await place(house, FAR, profile=False)) == "no_outbound_profile"


async def test_without_a_trunk_there_is_no_way_and_nothing_is_held(house: Exchange) -> None:
    house.near.outlets.out = []
    assert why(await place(house, FAR)) == "no_route"
    assert house.near.rules.given == house.near.rules.left == 1


async def test_addresses_elsewhere_are_called_where_they_are_found(house: Exchange) -> None:
    async def reach(uri: str) -> Address:
        assert uri == ELSEWHERE
        return Address("203.0.113.9", 5070)

    placed = await place(house, ELSEWHERE, plan=DialPlan(house.board.exchange, reach))
    [[fork]] = placed.stages
    assert fork.destination == Address("203.0.113.9", 5070)
    assert why(await place(house, ELSEWHERE)) == "address_refused"
