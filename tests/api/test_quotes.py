from decimal import Decimal
from uuid import UUID

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, update

from opentact.billing.ledger import Line, RefType, post
from opentact.numbers.features import WORKING
from opentact.numbers.inventory import Tn
from opentact.numbers.prices import Price, price_of
from opentact.numbers.profiles import TnProfile
from support.numbers import FIRST, balance, stocked
from support.world import NOON, World

LEASE = UUID(int=1)
CENTS = st.decimals(0, 3, places=5)
NAMES = [f"{feature}{part}" for feature in ("", "voice_", "sms_") for part in ("nrc", "mrc")]


@st.composite
def lists(draw: st.DrawFn) -> dict[str, Decimal]:
    return {name: draw(CENTS) for name in NAMES}


async def restocked(world: World, costs: dict[str, Decimal]) -> list[int]:
    """Thirteen numbers for sale at these prices, and money enough for them."""
    tns = list(range(FIRST, FIRST + 13))
    async with world.database.write() as session:
        there = await session.scalar(select(Tn.tn).limit(1))
    if there is None:
        await stocked(world, len(tns))
    async with world.database.write() as session:
        await session.execute(update(TnProfile).where(TnProfile.name == "US").values(**costs))
        paid = Line(Decimal(200), RefType.PAYMENT)
        await post(session, world.alice.account, [paid], now=NOON)
    return tns


@given(lists(), st.sets(st.sampled_from(WORKING)))
def test_a_price_is_the_sum_of_its_charges(costs: dict[str, Decimal], features: set[str]) -> None:
    prices = TnProfile(name="X", created_on=NOON, modified_on=NOON)
    for name, cost in costs.items():
        setattr(prices, name, cost)
    price = price_of(prices, [feature for feature in WORKING if feature in features])
    assert price.first == -sum(line.amount for line in price.charges(LEASE, 1))
    monthly = price.charges(LEASE, 1, monthly_only=True)
    assert price.mrc == -sum(line.amount for line in monthly)
    assert Price.from_json(price.to_json()) == price


@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(costs=lists(), picks=st.lists(st.tuples(st.integers(0, 12), st.booleans(), st.booleans())))
async def test_a_quote_is_what_the_order_then_charges(
    world: World, costs: dict[str, Decimal], picks: list[tuple[int, bool, bool]]
) -> None:
    tns = await restocked(world, costs)
    items = [{"tn": tns[0] + place, "voice": voice, "sms": sms} for place, voice, sms in picks] or [
        {"tn": tns[0]}
    ]
    body, before = {"items": items}, await balance(world.alice)
    quote = (await world.alice.client.post("/rest/order/price", json=body)).json()["payload"]
    placed = await world.alice.client.post("/rest/order/tn", json=body)
    assert placed.status_code == 201, placed.text
    charged = before - await balance(world.alice)
    assert round(charged, 5) == round(quote["nrc"] + quote["mrc"], 5)
    for part in ("nrc", "mrc"):
        names = (part, f"voice_{part}", f"sms_{part}")
        each = sum(row[name] for row in quote["items"] for name in names)
        assert round(each, 5) == round(quote[part], 5)
    await world.alice.client.request(
        "DELETE",
        "/rest/lease/tn",
        json={"item": [lease["uuid"] for lease in placed.json()["payload"]["tnleases"]]},
    )
