from uuid import uuid4

from support.numbers import FIRST, buy, stocked
from support.world import World


async def test_the_ledger_is_searched_and_says_what_was_paid_for(world: World) -> None:
    await stocked(world)
    await buy(world.alice, FIRST)
    client = world.alice.client
    found = await client.post(
        "/rest/transaction/search",
        json={"ref_type": "sms_mrc", "order": {"amount": "ASC"}, "amount": -0.2},
    )
    payload = found.json()["payload"]
    [entry] = payload["data"]
    assert (payload["total"], entry["amount"], entry["description"]) == (1, -0.2, str(FIRST))
    assert round(entry["account_balance_before"] - entry["account_balance_after"], 5) == 0.2
    shown = (await client.get(f"/rest/transaction/{entry['uuid']}")).json()["payload"]
    assert shown["ref_object"]["tn"]["tn"] == FIRST
    assert (await world.bob.client.get(f"/rest/transaction/{entry['uuid']}")).status_code == 404
    assert (await client.get(f"/rest/transaction/{uuid4()}")).status_code == 404


async def test_the_balance_is_the_sum_of_its_entries(world: World) -> None:
    tns = await stocked(world, 3)
    await buy(world.alice, *tns)
    found = await world.alice.client.post("/rest/transaction/search", json={"take": 100})
    entries = found.json()["payload"]["data"]
    account = (await world.alice.client.get("/rest/account")).json()["payload"]
    assert round(sum(entry["amount"] for entry in entries), 5) == account["balance"]


async def test_reports_sum_up(world: World) -> None:
    await stocked(world)
    await buy(world.alice, FIRST)
    client = world.alice.client
    span = "?from=2024-01-01&to=2024-02-01"
    report = (await client.get(f"/rest/transaction/report/invoice{span}")).json()["payload"]
    assert {row["ref_type"]: row["amount"] for row in report["report"]} == {
        "payment": 100,
        "tnlease_nrc": -0.5,
        "tnlease_mrc": -1,
        "sms_mrc": -0.2,
    }
    usual = (await client.get("/rest/transaction/report/invoice")).json()["payload"]
    assert (usual["from"], usual["report"]) == ("2023-12-01T00:00:00.000Z", [])
    path = f"/rest/transaction/report/dashboard/tnlease_mrc{span}"
    days = (await client.get(path)).json()["payload"]["report"]
    assert days == [{"date": "2024-01-16", "count": 1, "sum": -1}]
