"""How leases are shown: whole, and in a few queries however many they are."""

from sqlalchemy import event

from opentact.api.wire.leases import LeaseOut
from support.belongings import for_sale, posted
from support.numbers import FIRST, buy
from support.world import World


async def test_a_lease_shows_what_it_points_at_and_who_bought_it(world: World) -> None:
    await for_sale(world)
    await buy(world.alice, FIRST)
    app = await posted(world.alice.client, "/rest/sip/app", {"name": "menu"})
    path = f"/rest/lease/tn/{FIRST}"
    await world.alice.client.patch(path, json={"sip_control_app": app["uuid"]})
    lease = (await world.alice.client.get(path)).json()["payload"]
    assert set(lease) == set(LeaseOut.__annotations__)
    assert lease["sip_control_app"]["name"] == "menu"
    assert lease["account"]["uuid"] == str(world.alice.account)
    assert lease["created_by"]["email"] == world.alice.email
    assert {each["type"] for each in lease["subscriptions"]} == {"voice", "sms"}


async def test_a_list_of_leases_asks_the_database_as_often_as_one_lease(world: World) -> None:
    asked: list[str] = []
    engine = world.database._reader.sync_engine
    event.listen(engine, "before_cursor_execute", lambda *it: asked.append(it[2]))

    async def questions() -> int:
        asked.clear()
        assert (await world.alice.client.get("/rest/lease/tn")).status_code == 200
        return len(asked)

    await for_sale(world)
    await buy(world.alice, FIRST)
    await questions()  # the first looks up the token
    alone = await questions()
    await buy(world.alice, *range(FIRST + 1, FIRST + 9))
    assert await questions() == alone > 0
