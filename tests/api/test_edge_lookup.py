"""What a SIP edge asks of a domain, over the route that only the operator may use."""

from typing import Any

import httpx

from support.numbers import FIRST, buy, stocked
from support.sip_people import DOMAINS, SECRET, domain, ha1b, user
from support.world import World


async def asked(world: World, name: str | int, at: str = "acme.sip.localhost") -> httpx.Response:
    return await world.admin.client.get(f"/rest/sip/tech_prefix/{name}/{at}")


async def with_profile(world: World) -> str:
    """Let the domain call out; gives the prefix of its profile."""
    path = "/rest/profile/outbound_voice"
    made = (await world.alice.client.post(path, json={"name": "out"})).json()["payload"]
    link = {"outbound_voice_profile": made["uuid"]}
    assert (await world.alice.client.patch(f"{DOMAINS}/acme", json=link)).status_code == 200
    return str(made["tech_prefix"])


def shown(answer: httpx.Response) -> dict[str, Any]:
    assert answer.status_code == 200, answer.text
    payload: dict[str, Any] = answer.json()["payload"]
    return payload


async def test_a_domain_that_calls_by_nothing_has_no_route(world: World) -> None:
    await domain(world.alice)
    assert (await asked(world, "12025550100")).status_code == 404
    assert (await asked(world, "12025550100", "nowhere.sip.localhost")).status_code == 404


async def test_a_user_is_found_by_login_with_what_lets_its_phone_in(world: World) -> None:
    await domain(world.alice)
    prefix = await with_profile(world)
    ann = await user(world.alice, "ann", same_domain_calls_only=True)
    found = shown(await asked(world, "ANN"))
    assert found.pop("ha1")
    assert found == {
        "uuid": ann["uuid"],
        "sip_domain": "acme.sip.localhost",
        "tech_prefix": prefix,
        "same_domain_calls_only": True,
        "login": "ann",
        "ha1b": ha1b("ann"),
        "remote_ip": None,
        "remote_domain": None,
    }


async def test_a_user_is_found_by_its_number_and_any_other_is_the_domains(world: World) -> None:
    await stocked(world, 1)
    await domain(world.alice)
    prefix = await with_profile(world)
    await buy(world.alice, FIRST)
    lease = (await world.alice.client.get(f"/rest/lease/tn/{FIRST}")).json()["payload"]["uuid"]
    ann = await user(world.alice, "ann", tn_lease=lease)
    for name in (FIRST, f"+{FIRST}"):
        assert shown(await asked(world, name))["uuid"] == ann["uuid"]
    other = shown(await asked(world, FIRST + 1))
    assert (other["tech_prefix"], other["login"], other["ha1"]) == (prefix, None, None)
    for odd in ("9" * 40, "%00", "%C3%A4"):
        assert shown(await asked(world, odd))["login"] is None


async def test_a_user_that_is_switched_off_is_not_let_in(world: World) -> None:
    await domain(world.alice)
    await with_profile(world)
    await user(world.alice, "ann", is_active=False)
    assert (await asked(world, "ann")).status_code == 404


async def test_only_the_operator_asks(world: World) -> None:
    await domain(world.alice)
    await with_profile(world)
    await user(world.alice, "ann", password=SECRET)
    answer = await world.alice.client.get("/rest/sip/tech_prefix/ann/acme.sip.localhost")
    assert (answer.status_code, answer.json()["message"]) == (401, "Forbidden")
