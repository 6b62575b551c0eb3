from datetime import timedelta

from opentact.voice.products import SipProduct, seed_products
from support.world import World

PATHS = ("/rest/sip/product", "/rest/sip/connection/product")


async def test_customers_see_public_products_and_admins_the_house_ones_too(world: World) -> None:
    for path in PATHS:
        mine = (await world.alice.client.get(path)).json()["payload"]
        assert [(product["id"], product["type"]) for product in mine] == [(1, "public")]
        theirs = (await world.admin.client.get(path)).json()["payload"]
        assert [(product["id"], product["type"]) for product in theirs] == [
            (1, "public"),
            (2, "private"),
        ]


async def test_a_private_product_cannot_be_chosen_by_whom_it_is_not_for(world: World) -> None:
    body = {"name": "x", "product": 2}
    assert (await world.alice.client.post("/rest/sip/app", json=body)).status_code == 404
    assert (await world.admin.client.post("/rest/sip/app", json=body)).status_code == 201


async def test_a_product_made_for_one_account_is_for_that_account_alone(world: World) -> None:
    async with world.database.write() as session:
        house = await session.get_one(SipProduct, 2)
        house.account_uuid = world.bob.account
    ids = {}
    for name in ("alice", "bob", "admin"):
        listed = await getattr(world, name).client.get(PATHS[0])
        ids[name] = [product["id"] for product in listed.json()["payload"]]
    assert ids == {"alice": [1], "bob": [1, 2], "admin": [1]}


async def test_seeding_again_leaves_what_is_there(world: World) -> None:
    before = (await world.admin.client.get(PATHS[0])).json()
    async with world.database.write() as session:
        await seed_products(session, world.clock.now() + timedelta(days=1))
    assert (await world.admin.client.get(PATHS[0])).json() == before
