"""SIP connections: an address, a port, and who may be called by them."""

from typing import Any

import pytest

from support.world import World

PATH = "/rest/sip/connection"
OFFICE = {"name": "office", "ip": "192.0.2.7", "port": 5060}


async def made(world: World, **body: Any) -> dict[str, Any]:
    answer = await world.alice.client.post(PATH, json={**OFFICE, **body})
    assert answer.status_code == 201, answer.text
    payload: dict[str, Any] = answer.json()["payload"]
    return payload


async def test_a_connection_shows_what_was_sent_and_its_prefix(world: World) -> None:
    connection = await made(world, shaken_minimum_accepted_attest_lvl="B")
    assert {name: connection[name] for name in OFFICE} == OFFICE
    assert connection["hostname"] is None
    assert connection["is_active"] is True
    assert connection["shaken_minimum_accepted_attest_lvl"] == "B"
    assert 100_000 <= connection["tech_prefix"] <= 999_999
    assert (await world.alice.client.get(PATH)).json()["payload"] == [connection]


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ({"ip": "2001:DB8:0::1"}, "2001:db8::1"),
        ({"ip": "198.51.100.9"}, "198.51.100.9"),
    ],
)
async def test_an_address_is_kept_in_its_usual_form(
    world: World, sent: dict[str, str], kept: str
) -> None:
    assert (await made(world, **sent))["ip"] == kept


async def test_a_name_may_stand_for_an_address_but_one_of_them_must_be_there(world: World) -> None:
    named = await made(world, ip=None, hostname="pbx.example.com")
    assert (named["ip"], named["hostname"]) == (None, "pbx.example.com")
    bare = await world.alice.client.post(PATH, json={"name": "office", "port": 5060})
    robbed = await world.alice.client.patch(f"{PATH}/{named['uuid']}", json={"hostname": None})
    for answer in (bare, robbed):
        assert answer.status_code == 400
        assert set(answer.json()["fields"]) == {"params.ip", "params.hostname"}
    there = await world.alice.client.get(f"{PATH}/{named['uuid']}")
    assert there.json()["payload"] == named


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("ip", "300.1.1.1"),
        ("ip", "192.0.2.7:5060"),
        ("ip", 3221225991),
        ("hostname", "-bad.example"),
        ("hostname", "a b"),
        ("port", 0),
        ("port", 65536),
        ("port", "5060"),
        ("name", None),
    ],
)
async def test_a_wrong_value_is_refused_by_name(world: World, field: str, value: object) -> None:
    answer = await world.alice.client.post(PATH, json={**OFFICE, field: value})
    assert answer.status_code == 400
    assert list(answer.json()["fields"]) == [f"params.{field}"]


async def test_a_change_touches_only_what_it_names(world: World) -> None:
    connection = await made(world)
    answer = await world.alice.client.patch(f"{PATH}/{connection['uuid']}", json={"port": 5080})
    [target] = connection["targets"]
    changed = {"port": 5080, "targets": [{**target, "port": 5080}]}
    assert answer.json()["payload"] == {**connection, **changed}


async def test_a_removed_connection_gives_its_prefix_back(world: World) -> None:
    connection = await made(world)
    answer = await world.alice.client.delete(f"{PATH}/{connection['uuid']}")
    assert (answer.status_code, answer.json()["payload"]) == (200, connection)
    assert (await world.alice.client.get(f"{PATH}/{connection['uuid']}")).status_code == 404
    prefix = {"name": "out", "tech_prefix": connection["tech_prefix"]}
    again = await world.bob.client.post("/rest/profile/outbound_voice", json=prefix)
    assert again.status_code == 201


TRUNK: dict[str, Any] = {
    "transport": "tls",
    "targets": [{"host": "sip.example.com", "port": 5061, "transport": "tls", "weight": 5}],
    "username": "me",
    "password": "secret out",
    "register": True,
    "expires": 600,
    "options_interval_s": 20,
    "inbound_ips": ["203.0.113.9", "2001:db8:1::/48"],
    "inbound_username": "in-me",
    "inbound_password": "secret in",
}


async def test_a_trunk_shows_all_but_its_passwords(world: World) -> None:
    connection = await made(world, **TRUNK)
    assert "secret" not in str(connection)
    assert (connection["has_password"], connection["has_inbound_password"]) == (True, True)
    assert [(each["host"], each["priority"]) for each in connection["targets"]] == [
        ("192.0.2.7", 0),
        ("sip.example.com", 10),
    ]
    assert connection["inbound_ips"] == ["203.0.113.9/32", "2001:db8:1::/48"]
    assert (connection["state"], connection["registration"]) == ("up", None)


async def test_every_wrong_field_of_a_trunk_is_named_at_once(world: World) -> None:
    wrong = {
        "transport": "pigeon",
        "targets": [{"host": "", "port": 70000, "weight": -1}],
        "username": "me@there",
        "password": "",
        "expires": 10,
        "options_interval_s": 4000,
        "inbound_ips": ["10.0.0.0/8", "nowhere"],
    }
    answer = await world.alice.client.post(PATH, json={**OFFICE, **wrong})
    assert answer.status_code == 400
    assert set(answer.json()["fields"]) == {
        "params.transport",
        "params.targets.0.host",
        "params.targets.0.port",
        "params.targets.0.weight",
        "params.username",
        "params.password",
        "params.expires",
        "params.options_interval_s",
        "params.inbound_ips.0",
        "params.inbound_ips.1",
    }


@pytest.mark.parametrize(
    ("sent", "missing"),
    [
        ({"register": True}, {"username"}),
        ({"username": "me"}, {"password"}),
        ({"password": "x"}, {"username"}),
        ({"inbound_username": "me"}, {"inbound_password"}),
        ({"register": True, "inbound_password": "x"}, {"username", "inbound_username"}),
    ],
)
async def test_a_login_is_whole_or_not_there(
    world: World, sent: dict[str, Any], missing: set[str]
) -> None:
    answer = await world.alice.client.post(PATH, json={**OFFICE, **sent})
    assert answer.status_code == 400
    assert set(answer.json()["fields"]) == {f"params.{name}" for name in missing}


async def test_a_login_is_one_connections_alone(world: World) -> None:
    await made(world, **TRUNK)
    answer = await world.bob.client.post(PATH, json={**OFFICE, **TRUNK})
    assert (answer.status_code, answer.json()["code"]) == (409, "login_taken")
    assert list(answer.json()["fields"]) == ["params.inbound_username"]


async def test_null_takes_a_login_away(world: World) -> None:
    connection = await made(world, **TRUNK)
    nothing = {"username": None, "password": None, "register": False}
    path = f"{PATH}/{connection['uuid']}"
    changed = (await world.alice.client.patch(path, json=nothing)).json()["payload"]
    assert (changed["username"], changed["has_password"], changed["register"]) == (
        None,
        False,
        False,
    )
    assert changed["inbound_username"] == "in-me"


async def test_a_connection_that_is_off_says_so(world: World) -> None:
    assert (await made(world, is_active=False))["state"] == "inactive"
