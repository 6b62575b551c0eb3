from datetime import UTC, datetime
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from opentact.kit.clock import parse_stamp, stamp, whole_ms, zone_of
from opentact.kit.ids import Ids
from opentact.kit.money import dollars, from_units, to_units


def test_ids_made_in_one_millisecond_still_sort_as_made() -> None:
    ids = Ids(now_ms=lambda: 1_700_000_000_000)
    made = [ids() for _ in range(10_000)]
    assert made == sorted(made)
    assert len(set(made)) == len(made)
    assert {uuid.version for uuid in made} == {7}


def test_a_clock_that_steps_back_does_not_unsort_ids() -> None:
    times = iter([5000, 4000, 6000])
    ids = Ids(now_ms=lambda: next(times))
    made = [ids(), ids(), ids()]
    assert made == sorted(made)


@given(st.decimals(min_value=-(10**9), max_value=10**9, places=5))
def test_money_survives_the_database_form(amount: Decimal) -> None:
    assert from_units(to_units(amount)) == amount


def test_half_a_unit_is_rounded_up() -> None:
    assert dollars("0.000005") == Decimal("0.00001")


@given(st.datetimes(timezones=st.just(UTC), min_value=datetime(1970, 1, 1)))  # noqa: DTZ001
def test_stamps_are_read_back_as_written(moment: datetime) -> None:
    assert parse_stamp(stamp(whole_ms(moment))) == whole_ms(moment)


def test_an_unknown_zone_is_utc() -> None:
    noon = datetime(2024, 7, 1, 12, tzinfo=UTC)
    assert noon.astimezone(zone_of("America/New_York")).hour == 8
    assert noon.astimezone(zone_of("Mars/Olympus")).hour == 12
    assert noon.astimezone(zone_of("../etc/passwd")).hour == 12
