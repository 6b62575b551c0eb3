"""What numbers cost; tests/api/test_quotes.py holds quotes to what orders then charge."""

from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opentact.billing.ledger import RefType
from opentact.kit.ids import new_id
from opentact.numbers.faults import ProfileNotFound
from opentact.numbers.features import Feature
from opentact.numbers.inventory import stock, tn_row
from opentact.numbers.prices import FREE, Price, feature_price, price_of, prices_for
from opentact.numbers.profiles import TnProfile, TnSpecialPrice, seed_profiles
from support.numbers import FIRST, stocked
from support.world import NOON, World

LIST = TnProfile(
    name="US",
    nrc=Decimal("0.50"),
    mrc=Decimal("1.00"),
    voice_mrc=Decimal("0.10"),
    sms_nrc=Decimal("0.30"),
    sms_mrc=Decimal("0.20"),
    created_on=NOON,
    modified_on=NOON,
)
AMOUNTS = st.decimals(Decimal(0), Decimal(50), places=5)
PARTS = st.dictionaries(
    st.sampled_from(["nrc", "mrc", "voice_nrc", "voice_mrc", "sms_nrc", "sms_mrc"]), AMOUNTS
)


def test_a_number_costs_its_own_price_and_that_of_each_working_feature() -> None:
    bare = price_of(LIST, [])
    assert (bare.nrc, bare.mrc) == (Decimal("0.50"), Decimal("1.00"))
    whole = price_of(LIST, [Feature.VOICE, Feature.SMS])
    assert (whole.nrc, whole.mrc) == (Decimal("0.80"), Decimal("1.30"))
    assert whole.first == Decimal("2.10")


def test_what_does_not_work_yet_costs_nothing() -> None:
    assert price_of(LIST, [Feature.MMS, Feature.FAX, Feature.EMERGENCY]) == price_of(LIST, [])


def test_a_feature_switched_on_later_costs_only_itself() -> None:
    assert feature_price(LIST, Feature.SMS).parts == {
        "sms_nrc": Decimal("0.30"),
        "sms_mrc": Decimal("0.20"),
    }
    assert FREE.first == 0


def test_renewing_charges_what_is_monthly_and_leaves_out_what_costs_nothing() -> None:
    lease = new_id()
    every = price_of(LIST, [Feature.VOICE, Feature.SMS])
    monthly = every.charges(lease, FIRST, monthly_only=True)
    assert [(line.ref_type, line.amount) for line in monthly] == [
        (RefType.TNLEASE_MRC, Decimal("-1.00")),
        (RefType.VOICE_MRC, Decimal("-0.10")),
        (RefType.SMS_MRC, Decimal("-0.20")),
    ]
    assert {(line.ref_uuid, line.description) for line in monthly} == {(lease, str(FIRST))}
    assert len(every.charges(lease, FIRST)) == 5


@given(PARTS)
def test_a_price_is_kept_exactly_and_its_charges_add_up_to_it(parts: dict[str, Decimal]) -> None:
    price = Price(parts)
    assert Price.from_json(price.to_json()) == price
    charged = price.charges(new_id(), FIRST)
    assert -sum((line.amount for line in charged), Decimal(0)) == price.first
    assert all(line.amount < 0 for line in charged)


async def test_the_price_list_of_a_number_is_its_profiles_or_the_special_one(
    world: World,
) -> None:
    await stocked(world, profile="CA")
    ends = NOON + timedelta(days=1)
    async with world.database.write() as session:
        session.add(
            TnSpecialPrice(
                account_uuid=world.alice.account,
                name="CA",
                mrc=Decimal("0.75"),
                expired_on=ends,
                created_on=NOON,
                modified_on=NOON,
            )
        )
    async with world.database.read() as session:
        costs = [
            (await prices_for(session, account, FIRST, now=now)).mrc
            for account, now in (
                (world.alice.account, NOON),
                (world.alice.account, ends),
                (world.bob.account, NOON),
            )
        ]
    assert costs == [Decimal("0.75"), Decimal("1.25"), Decimal("1.25")]


async def test_a_number_without_a_list_of_its_own_is_on_the_usual_one(world: World) -> None:
    async with world.database.write() as session:
        with pytest.raises(ProfileNotFound, match="US"):
            await prices_for(session, world.alice.account, FIRST, now=NOON)
        await seed_profiles(session, now=NOON)
        row = tn_row(
            FIRST,
            NOON,
            type="long_code",
            country="US",
            provider="own",
            profile="GONE",
            features=1,
        )
        await stock(session, [row])
        for tn in (FIRST, FIRST + 1):
            prices = await prices_for(session, world.alice.account, tn, now=NOON)
            assert prices.mrc == Decimal("1.00")
