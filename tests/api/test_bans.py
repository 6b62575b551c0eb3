"""/rest/admin/ban: seen, made and lifted by admins, and by nobody else."""

from datetime import timedelta

import pytest

from support.world import World

PATH = "/rest/admin/ban"


async def test_a_ban_by_hand_is_listed_until_it_is_lifted(world: World) -> None:
    body = {"source": "192.0.2.77/24", "seconds": 3600, "reason": "rude"}
    made = await world.admin.client.post(PATH, json=body)
    assert made.status_code == 201, made.text
    ban = made.json()["payload"]
    assert (ban["source"], ban["reason"], ban["by"]) == ("192.0.2.0/24", "rude", world.admin.email)
    assert (ban["is_active"], ban["count"], ban["times"]) == (True, 0, 1)
    assert (await world.admin.client.get(PATH)).json()["payload"] == [ban]

    world.clock.at += timedelta(seconds=1)
    lifted = (await world.admin.client.delete(f"{PATH}/{ban['uuid']}")).json()["payload"]
    assert (lifted["is_active"], lifted["lifted_by"]) == (False, world.admin.email)
    assert (await world.admin.client.get(PATH)).json()["payload"] == []
    kept = (await world.admin.client.get(PATH, params={"ended": "true"})).json()["payload"]
    assert kept == [lifted]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "source"),
        ({"source": "everybody"}, "source"),
        ({"source": "0.0.0.0/0"}, "source"),
        ({"source": "192.0.2.1", "seconds": 0}, "seconds"),
        ({"source": "192.0.2.1", "seconds": 10**12}, "seconds"),
        ({"source": "192.0.2.1", "reason": ""}, "reason"),
    ],
)
async def test_a_wrong_ban_names_its_field(
    world: World, body: dict[str, object], field: str
) -> None:
    answer = await world.admin.client.post(PATH, json=body)
    assert answer.status_code == 400
    assert any(name.endswith(field) for name in answer.json()["fields"])


async def test_a_ban_that_is_not_there_cannot_be_lifted(world: World) -> None:
    assert (await world.admin.client.delete(f"{PATH}/{world.admin.user}")).status_code == 404


async def test_who_is_kept_out_is_counted(world: World) -> None:
    world.services.guard.refused["scanner"] += 3
    lines = (await world.anonymous.get("/metrics")).text.splitlines()
    assert 'opentact_sip_refused_total{what="scanner"} 3.0' in lines
    assert "opentact_sip_bans 0.0" in lines
