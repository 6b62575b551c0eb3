from datetime import timedelta
from uuid import UUID

import pytest

from opentact.kit.ids import new_id
from support.happenings import change_balance
from support.websocket import Client, connected
from support.world import World


async def balances(client: Client, count: int) -> list[float]:
    return [(await client.hear())["payload"] for _ in range(count)]


@pytest.mark.parametrize("path", ["/", "/ws"])
async def test_a_client_is_welcomed_and_hears_what_happens(world: World, path: str) -> None:
    async with connected(world.app, path) as client:
        welcome = await client.authenticate(world.alice.token)
        connection = welcome["payload"]["uuid"]
        said = f"WSS connection {connection}@203.0.113.7 - success auth alice@example.com"
        assert welcome["message"] == said
        assert (welcome["type"], welcome["success"]) == ("auth", True)
        assert welcome["payload"]["user"]["wss_online"] is True
        assert welcome["payload"]["account"] == welcome["account"]
        assert welcome["account"]["uuid"] == str(world.alice.account)

        [event] = await change_balance(world, world.alice, 99)
        frame = await client.hear()
        assert (frame["uuid"], frame["type"], frame["payload"]) == (str(event), "balance", 99)


async def test_a_jwt_is_as_good_as_an_api_token(world: World) -> None:
    jwt = world.services.jwt.issue(world.alice.user, "User", world.clock.now())
    async with connected(world.app) as client:
        assert (await client.authenticate(jwt))["success"] is True


async def test_nobody_hears_of_another_account(world: World) -> None:
    async with connected(world.app) as alice, connected(world.app) as bob:
        await alice.authenticate(world.alice.token)
        await bob.authenticate(world.bob.token)
        await change_balance(world, world.alice, 1)
        await change_balance(world, world.bob, 2)
        assert await balances(alice, 1) == [1]
        assert await balances(bob, 1) == [2]


async def test_each_socket_of_a_user_hears_each_event(world: World) -> None:
    async with connected(world.app) as desk, connected(world.app) as phone:
        await desk.authenticate(world.alice.token)
        await phone.authenticate(world.alice.token)
        await change_balance(world, world.alice, 1, 2, 3)
        assert await balances(desk, 3) == await balances(phone, 3) == [1, 2, 3]


async def test_who_comes_back_with_a_cursor_misses_nothing(world: World) -> None:
    first, *_ = await change_balance(world, world.alice, *range(250))
    async with connected(world.app) as client:
        welcome = await client.authenticate(world.alice.token, after=str(first))
        assert (welcome["after"], welcome["gap"]) == (str(first), False)
        await change_balance(world, world.alice, 250, 251)
        assert await balances(client, 251) == list(range(1, 252))


async def test_the_welcome_itself_carries_a_cursor(world: World) -> None:
    *_, last = await change_balance(world, world.alice, 1, 2)
    async with connected(world.app) as client:
        assert (await client.authenticate(world.alice.token))["after"] == str(last)


async def test_who_asks_for_more_than_is_kept_is_told(world: World) -> None:
    await change_balance(world, world.alice, 1, 2)
    async with connected(world.app) as client:
        welcome = await client.authenticate(world.alice.token, after=str(new_id()))
        assert (welcome["after"], welcome["gap"]) == (None, True)
        assert await balances(client, 2) == [1, 2]


async def test_another_accounts_event_is_no_cursor(world: World) -> None:
    [theirs] = await change_balance(world, world.bob, 1)
    async with connected(world.app) as client:
        assert (await client.authenticate(world.alice.token, after=str(theirs)))["gap"] is True


@pytest.mark.parametrize(
    "frame",
    [
        {"type": "auth", "payload": "wrong"},
        {"type": "auth", "payload": "a.b.c"},
        {"type": "auth", "payload": ""},
        {"type": "auth", "payload": {"token": "x"}},
        {"type": "auth"},
        {"type": "hello"},
        {"type": ["auth"]},
        ["auth"],
        "not json",
        "",
        '{"type":"auth","payload":"' + "[" * 9000 + '"}',
        "[" * 9000,
    ],
    ids=lambda frame: str(frame)[:30],
)
async def test_who_is_not_recognised_is_told_and_left(world: World, frame: object) -> None:
    async with connected(world.app) as client:
        client.say(frame)
        answer = await client.hear()
        assert (answer["type"], answer["success"], answer["payload"]) == ("auth", False, None)
        assert answer["message"]
        assert await client.until_closed() == 4401


@pytest.mark.parametrize(("frame", "code"), [(b"{}", 1003), ("x" * 20_000, 1009)])
async def test_frames_we_do_not_read_end_the_connection(
    world: World, frame: object, code: int
) -> None:
    async with connected(world.app) as client:
        client.say(frame)
        assert await client.until_closed() == code


async def test_nonsense_after_the_login_is_answered(world: World) -> None:
    async with connected(world.app) as client:
        await client.authenticate(world.alice.token)
        client.say("nonsense")
        answer = await client.hear()
        assert (answer["type"], answer["success"]) == ("error", False)
        client.say({"type": "ping"})
        assert await client.hear() == {"type": "pong"}


async def test_a_user_is_online_while_any_socket_is_open(world: World) -> None:
    async def online() -> bool:
        answer = await world.alice.client.get("/rest/user")
        return bool(answer.json()["payload"]["wss_online"])

    assert await online() is False
    async with connected(world.app) as desk:
        await desk.authenticate(world.alice.token)
        async with connected(world.app) as phone:
            await phone.authenticate(world.alice.token)
            assert await online() is True
        assert await online() is True
    assert await online() is False
    assert world.services.presence.sockets == 0
    assert "0 listening" in repr(world.services.bus)


async def test_a_deactivated_user_loses_the_socket(world: World) -> None:
    second = {"email": "second@example.com", "password": "correct horse battery"}
    made = (await world.alice.client.post("/rest/account/user", json=second)).json()["payload"]
    jwt = world.services.jwt.issue(UUID(made["uuid"]), "User", world.clock.now())
    async with connected(world.app) as client:
        await client.authenticate(jwt)
        gone = await world.alice.client.delete(f"/rest/account/user/{made['uuid']}")
        assert gone.status_code == 200
        assert (await client.hear())["success"] is False
        assert await client.until_closed() == 4401


async def test_a_removed_token_loses_its_socket_and_no_other(world: World) -> None:
    made = await world.alice.client.post("/rest/token", json={"name": "short"})
    token = made.json()["payload"]["token"]
    async with connected(world.app) as removed, connected(world.app) as kept:
        await removed.authenticate(token)
        await kept.authenticate(world.alice.token)
        await world.alice.client.delete(f"/rest/token/{token}")
        assert await removed.until_closed() == 4401
        await change_balance(world, world.alice, 1)
        assert await balances(kept, 1) == [1]


async def test_a_token_that_ends_loses_the_socket(world: World) -> None:
    made = await world.alice.client.post("/rest/token", json={"name": "short", "ttl": 60})
    async with connected(world.app) as client:
        await client.authenticate(made.json()["payload"]["token"])
        world.clock.at += timedelta(seconds=61)
        world.services.auth.forget()
        world.services.bus.announce(world.alice.account)
        assert await client.until_closed() == 4401


async def test_readers_of_2022_find_the_payload_alone(world: World) -> None:
    async with connected(world.app, query="v=2022") as client:
        await client.authenticate(world.alice.token)
        await change_balance(world, world.alice, 7)
        frame = await client.hear()
        assert set(frame) == {"uuid", "timestamp", "message", "type", "source_action", "payload"}
