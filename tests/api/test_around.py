"""What is shown of the objects that an object points at."""

from sqlalchemy import event

from support.belongings import posted
from support.world import World


async def test_who_made_and_who_changed_it_are_shown(world: World) -> None:
    client = world.alice.client
    second = {"email": "second@example.com", "password": "correct horse battery"}
    await posted(client, "/rest/account/user", second)
    app = await posted(client, "/rest/sip/app", {"name": "menu"})
    changed = await world.anonymous.patch(
        f"/rest/sip/app/{app['uuid']}",
        json={"name": "other"},
        auth=(second["email"], second["password"]),
    )
    shown = changed.json()["payload"]
    assert shown["created_by"]["email"] == world.alice.email
    assert shown["modified_by"]["email"] == second["email"]


async def test_a_list_asks_the_database_as_often_as_one_thing_does(world: World) -> None:
    asked: list[str] = []
    event.listen(
        world.database._reader.sync_engine,
        "before_cursor_execute",
        lambda *it: asked.append(it[2]),
    )

    async def questions() -> int:
        asked.clear()
        assert (await world.alice.client.get("/rest/sip/app")).status_code == 200
        return len(asked)

    await posted(world.alice.client, "/rest/sip/app", {"name": "0"})
    await questions()  # the first looks up the token
    alone = await questions()
    for name in "12345":
        await posted(world.alice.client, "/rest/sip/app", {"name": name})
    assert await questions() == alone > 0
