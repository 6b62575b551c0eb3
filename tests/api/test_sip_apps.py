"""Control apps as a customer makes, changes and removes them."""

from typing import Any

import pytest

from support.world import World

PATH = "/rest/sip/app"
ABSENT = "00000000-0000-7000-8000-000000000000"


async def made(world: World, **body: Any) -> dict[str, Any]:
    answer = await world.alice.client.post(PATH, json={"name": "menu", **body})
    assert answer.status_code == 201, answer.text
    payload: dict[str, Any] = answer.json()["payload"]
    return payload


async def test_a_name_is_enough_and_the_rest_is_as_documented(world: World) -> None:
    app = await made(world)
    assert app["account"]["uuid"] == str(world.alice.account)
    assert app["created_by"]["email"] == app["modified_by"]["email"] == world.alice.email
    assert 100_000 <= app["tech_prefix"] <= 999_999
    assert app["product"]["name"] == "Standard"
    told = {
        "name": "menu",
        "is_active": True,
        "auto_answer": True,
        "max_call_length_min": None,
        "webhook_url": None,
        "webhook_method": "GET",
        "webhook_request_timeout": None,
        "call_flow_url": None,
        "call_flow_method": "GET",
        "call_flow_request_timeout": None,
        "subdomain": None,
        "outbound_voice_profile": None,
        "sip_domains": [],
        "class4_ingress_trunk_settings": {"media_type": "Proxy Media"},
        "class4_egress_trunk_settings": {"media_type": "Proxy Media"},
        "shaken_verify_policy": 0,
        "shaken_minimum_accepted_attest_lvl": "C",
    }
    assert {name: app[name] for name in told} == told


async def test_everything_that_is_sent_is_kept_and_listed(world: World) -> None:
    profile = await world.alice.client.post("/rest/profile/outbound_voice", json={"name": "out"})
    sent = {
        "name": "menu 2",
        "is_active": False,
        "auto_answer": False,
        "max_call_length_min": 90,
        "webhook_url": "https://hooks.example.com/calls",
        "webhook_method": "POST",
        "webhook_request_timeout": 0,
        "call_flow_url": "http://flows.example.com:8080/in?tenant=7",
        "call_flow_method": "POST",
        "call_flow_request_timeout": 3000,
        "subdomain": "acme",
        "class4_ingress_trunk_settings": {"media_type": "Bypass Media"},
        "class4_egress_trunk_settings": {"media_type": "Proxy Media + Transcoding"},
        "shaken_verify_policy": 2,
        "shaken_minimum_accepted_attest_lvl": "A",
    }
    body = {**sent, "product": 1, "outbound_voice_profile": profile.json()["payload"]["uuid"]}
    app = await made(world, **body)
    assert {name: app[name] for name in sent} == sent
    assert app["product"]["id"] == 1
    assert app["outbound_voice_profile"]["name"] == "out"
    assert (await world.alice.client.get(PATH)).json()["payload"] == [app]
    assert (await world.alice.client.get(f"{PATH}/{app['uuid']}")).json()["payload"] == app


async def test_misspelt_names_of_old_documents_are_read(world: World) -> None:
    app = await made(
        world,
        is_active="true",
        class4_egress_trunk_stings={"media_type": "Bypass Media"},
        shake_verify_policy=3,
    )
    assert app["is_active"] is True
    assert app["class4_egress_trunk_settings"] == {"media_type": "Bypass Media"}
    assert app["shaken_verify_policy"] == 3


async def test_a_change_touches_only_what_it_names(world: World) -> None:
    app = await made(world, webhook_url="https://a.example.com/x", auto_answer=False)
    answer = await world.alice.client.patch(
        f"{PATH}/{app['uuid']}", json={"name": "new name", "webhook_url": None}
    )
    assert answer.status_code == 200
    assert answer.json()["payload"] == {**app, "name": "new name", "webhook_url": None}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", "x" * 256),
        ("name", None),
        ("name", 7),
        ("name", "nul \0"),
        ("is_active", "yes"),
        ("is_active", 1),
        ("is_active", None),
        ("auto_answer", []),
        ("product", True),
        ("product", "1"),
        ("product", 1.5),
        ("product", 0),
        ("product", 1025),
        ("subdomain", "ab"),
        ("webhook_url", "example.com/hook"),
        ("webhook_url", "ftp://example.com/hook"),
        ("webhook_url", "https:///nowhere"),
        ("webhook_url", "https://exa mple.com/"),
        ("webhook_url", "https://example.com:99999/"),
        ("call_flow_url", "javascript:alert(1)"),
        ("webhook_method", "PUT"),
        ("call_flow_method", "get"),
        ("webhook_request_timeout", -1),
        ("call_flow_request_timeout", 2**31),
        ("call_flow_request_timeout", "3000"),
        ("max_call_length_min", 0),
        ("outbound_voice_profile", "mine"),
        ("shaken_verify_policy", 4),
        ("shaken_minimum_accepted_attest_lvl", "D"),
    ],
)
async def test_a_wrong_value_is_refused_by_name(world: World, field: str, value: object) -> None:
    app = await made(world)
    for answer in (
        await world.alice.client.post(PATH, json={"name": "x", field: value}),
        await world.alice.client.patch(f"{PATH}/{app['uuid']}", json={field: value}),
    ):
        assert answer.status_code == 400, answer.text
        assert list(answer.json()["fields"]) == [f"params.{field}"]
    assert (await world.alice.client.get(PATH)).json()["payload"] == [app]


async def test_all_wrong_fields_are_named_at_once(world: World) -> None:
    body = {"is_active": 3, "webhook_url": "x", "class4_egress_trunk_settings": {"media_type": 1}}
    answer = await world.alice.client.post(PATH, json=body)
    assert set(answer.json()["fields"]) == {
        "params.name",
        "params.is_active",
        "params.webhook_url",
        "params.class4_egress_trunk_settings.media_type",
    }


async def test_what_it_points_at_must_be_there(world: World) -> None:
    for body in ({"outbound_voice_profile": ABSENT}, {"product": 1000}):
        answer = await world.alice.client.post(PATH, json={"name": "x", **body})
        assert answer.status_code == 404
    assert (await world.alice.client.get(PATH)).json()["payload"] == []


async def test_a_removed_app_is_shown_a_last_time(world: World) -> None:
    app = await made(world)
    answer = await world.alice.client.delete(f"{PATH}/{app['uuid']}")
    assert (answer.status_code, answer.json()["payload"]) == (200, app)
    for method in ("GET", "DELETE"):
        again = await world.alice.client.request(method, f"{PATH}/{app['uuid']}")
        assert (again.status_code, again.json()["message"]) == (404, "SIP control app not found")
