"""Groups: who makes one changes it, who is in it sees it, nobody else knows of it."""

from typing import Any

import pytest

from support.sip_people import Application, domain, user
from support.world import World


class Cast:
    """Ann, Bob and Cid of one domain, Eve of another."""

    def __init__(self, world: World) -> None:
        self.ann, self.bob, self.cid = (Application(world, name) for name in ("ann", "bob", "cid"))
        self.eve = Application(world, "eve", at="other.sip.localhost")
        self.uuids: dict[str, str] = {}

    async def group(self, *names: str) -> dict[str, Any]:
        body = {"name": "friends", "users": [self.uuids[name] for name in names]}
        answer = await self.ann.ask("POST", "/group", body)
        assert answer.status_code == 201, answer.text
        payload: dict[str, Any] = answer.json()["payload"]
        return payload


@pytest.fixture
async def cast(world: World) -> Cast:
    cast = Cast(world)
    await domain(world.alice)
    await domain(world.alice, "other")
    for name in ("ann", "bob", "cid"):
        cast.uuids[name] = (await user(world.alice, name))["uuid"]
    cast.uuids["eve"] = (await user(world.alice, "eve", "other"))["uuid"]
    return cast


def logins(users: list[dict[str, Any]]) -> list[str]:
    return [one["login"] for one in users]


async def test_a_group_has_an_owner_and_users(cast: Cast) -> None:
    group = await cast.group("cid", "bob", "bob")
    assert (group["name"], group["owner"]["login"]) == ("friends", "ann")
    assert logins(group["users"]) == ["bob", "cid"]
    for who in (cast.ann, cast.bob):
        assert await who.get("/group") == [group]
        assert logins(await who.get(f"/group/{group['uuid']}/users")) == ["bob", "cid"]
    [shown] = (await cast.bob.get())["groups"]
    assert shown == {key: group[key] for key in ("uuid", "name", "created_on", "modified_on")}


async def test_strangers_do_not_know_of_it_and_members_may_not_change_it(cast: Cast) -> None:
    group = await cast.group("bob")
    path, uuid = f"/group/{group['uuid']}", cast.uuids["cid"]
    changes: list[tuple[str, str, Any]] = [
        ("PATCH", path, {"name": "mine"}),
        ("DELETE", path, None),
        ("POST", f"{path}/users", {"users": [uuid]}),
        ("PATCH", f"{path}/users/{uuid}", None),
        ("DELETE", f"{path}/users/{uuid}", None),
    ]
    for method, where, body in changes:
        assert (await cast.bob.ask(method, where, body)).status_code == 401
        for stranger in (cast.cid, cast.eve):
            answer = await stranger.ask(method, where, body)
            assert (answer.status_code, answer.json()["message"]) == (
                404,
                "SIP user group not found",
            )
    assert await cast.cid.get("/group") == []
    assert (await cast.cid.ask("GET", f"{path}/users")).status_code == 404
    assert await cast.ann.get("/group") == [group]


async def test_its_owner_renames_it_and_says_who_is_in_it(cast: Cast) -> None:
    path = f"/group/{(await cast.group('bob'))['uuid']}"
    renamed = await cast.ann.ask("PATCH", path, {"name": "sales"})
    assert (renamed.json()["payload"]["name"], logins(renamed.json()["payload"]["users"])) == (
        "sales",
        ["bob"],
    )
    body = {"users": [cast.uuids["cid"], cast.uuids["ann"]]}
    assert logins((await cast.ann.ask("PATCH", path, body)).json()["payload"]["users"]) == [
        "ann",
        "cid",
    ]
    emptied = await cast.ann.ask("PATCH", path, {"users": []})
    assert emptied.json()["payload"]["users"] == []


async def test_users_are_added_and_taken_out_one_by_one(cast: Cast) -> None:
    path = f"/group/{(await cast.group())['uuid']}/users"
    both = {"users": [cast.uuids["bob"], cast.uuids["cid"]]}
    for _ in range(2):
        assert logins((await cast.ann.ask("POST", path, both)).json()["payload"]) == ["bob", "cid"]
    out = await cast.ann.ask("DELETE", f"{path}/{cast.uuids['bob']}")
    assert logins(out.json()["payload"]["users"]) == ["cid"]
    gone = await cast.ann.ask("DELETE", f"{path}/{cast.uuids['bob']}")
    assert (gone.status_code, gone.json()["message"]) == (404, "SIP user not found")
    back = await cast.ann.ask("PATCH", f"{path}/{cast.uuids['bob']}")
    assert logins(back.json()["payload"]["users"]) == ["bob", "cid"]


async def test_users_of_another_domain_are_nobody_and_nothing_is_half_done(cast: Cast) -> None:
    group = await cast.group("bob")
    body = {"name": "x", "users": [cast.uuids["cid"], cast.uuids["eve"]]}
    for method, path in (
        ("POST", "/group"),
        ("PATCH", f"/group/{group['uuid']}"),
        ("POST", f"/group/{group['uuid']}/users"),
        ("PATCH", f"/group/{group['uuid']}/users/{cast.uuids['eve']}"),
    ):
        answer = await cast.ann.ask(method, path, body)
        assert answer.status_code == 404
        assert cast.uuids["eve"] in answer.json()["message"]
    assert await cast.ann.get("/group") == [group]


async def test_groups_go_with_their_owner_and_members_leave_them(world: World, cast: Cast) -> None:
    group = await cast.group("bob", "cid")
    users = "/rest/sip/domain/acme/user"
    await world.alice.client.delete(f"{users}/{cast.uuids['bob']}")
    assert logins((await cast.ann.get("/group"))[0]["users"]) == ["cid"]
    await world.alice.client.delete(f"{users}/{cast.uuids['ann']}")
    assert await cast.cid.get("/group") == []
    assert (await cast.cid.get())["groups"] == []
    assert (await cast.cid.ask("GET", f"/group/{group['uuid']}/users")).status_code == 404


async def test_a_removed_group_leaves_its_users(cast: Cast) -> None:
    group = await cast.group("bob")
    assert (await cast.ann.ask("DELETE", f"/group/{group['uuid']}")).json()["payload"] == group
    assert await cast.ann.get("/group") == []
    assert (await cast.bob.get())["login"] == "bob"
