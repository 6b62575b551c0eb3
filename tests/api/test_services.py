"""What routes are handed: who asks, and what they work with."""

from opentact.accounts.users import User
from support.world import World


class Listening:
    """Hears what the bus tells of an account."""

    def __init__(self) -> None:
        self.changes = 0

    def published(self, event: object) -> None:
        """Hear of an event: none of this file's business."""

    def changed(self) -> None:
        self.changes += 1


async def test_who_may_do_what_is_remembered_until_it_changes(world: World) -> None:
    mine = {"X-Auth-Token": world.alice.token}
    assert (await world.anonymous.get("/rest/user", headers=mine)).status_code == 200
    async with world.database.write() as session:
        (await session.get_one(User, world.alice.user)).deleted_on = world.clock.now()
    assert (await world.anonymous.get("/rest/user", headers=mine)).status_code == 200
    world.services.access_changed(world.alice.account)
    assert (await world.anonymous.get("/rest/user", headers=mine)).status_code == 401


async def test_a_change_is_told_to_the_sockets_of_that_account_alone(world: World) -> None:
    hers, his = Listening(), Listening()
    world.services.bus.subscribe(world.alice.account, hers)
    world.services.bus.subscribe(world.bob.account, his)
    world.services.access_changed(world.alice.account)
    assert (hers.changes, his.changes) == (1, 0)
