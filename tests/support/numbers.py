"""Numbers for sale in a world under test, and buying them."""

from typing import Any

from opentact.numbers.features import WORKING, to_bits
from opentact.numbers.inventory import stock, tn_row
from opentact.numbers.profiles import seed_profiles

from .world import Tenant, World

FIRST = 12025550100
"""The lowest of the Washington numbers that `stocked` puts on sale."""


async def stocked(world: World, count: int = 10, **columns: Any) -> list[int]:
    """Put Washington numbers on sale, from 202-555-0100 up."""
    now = world.clock.now()
    tns = list(range(FIRST, FIRST + count))
    usual = {
        "type": "long_code",
        "country": "US",
        "state": "DC",
        "city": "Washington",
        "rate_center": "WSHNGTNZN1",
        "provider": "dev",
        "profile": "US",
        "features": to_bits(WORKING),
    }
    async with world.database.write() as session:
        await seed_profiles(session, now=now)
        await stock(session, (tn_row(tn, now, **{**usual, **columns}) for tn in tns))
    return tns


def order(*tns: int, features: tuple[str, ...] = ("voice", "sms"), autorenew: bool = True) -> Any:
    """Write the body of an order of today."""
    return {"items": [{"tn": tn, "features": list(features), "autorenew": autorenew} for tn in tns]}


async def buy(tenant: Tenant, *tns: int, **how: Any) -> Any:
    """Order numbers and give the order as it is afterwards."""
    placed = await tenant.client.post("/rest/order", json=order(*tns, **how))
    assert placed.status_code == 201, placed.text
    uuid = placed.json()["payload"]["uuid"]
    return (await tenant.client.get(f"/rest/order/{uuid}")).json()["payload"]


async def balance(tenant: Tenant) -> float:
    """What the tenant's account has."""
    answer = await tenant.client.get("/rest/account")
    return float(answer.json()["payload"]["balance"])
