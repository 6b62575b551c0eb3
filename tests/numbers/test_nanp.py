import re
from zoneinfo import ZoneInfo

import pytest

from opentact.numbers.nanp import places, states, table, within
from opentact.numbers.tn import TOLL_FREE

# Prince Edward Island shares 902 with Nova Scotia, and the three territories share 867.
PROVINCES = {"AB", "BC", "MB", "NB", "NL", "NS", "ON", "QC", "SK"}
TERRITORIES = {"NT", "NU", "YT"}


def test_every_area_code_stands_in_the_table_once() -> None:
    codes = [row["npa"] for row in table("nanp.csv")]
    assert len(codes) == len(set(codes)) == len(places())
    assert set(places()) == set(codes)


def test_an_area_code_is_one_of_the_plan_and_never_toll_free() -> None:
    # N[0-8]X: no area code has a nine in the middle, and N11 are services.
    for npa in places():
        assert re.fullmatch(r"[2-9][0-8]\d", npa)
        assert npa[1:] != "11"
    assert not TOLL_FREE & set(places())


def test_the_states_are_fifty_with_the_capital_and_the_provinces_those_with_codes() -> None:
    assert len(states("US")) == 51
    assert set(states("CA")) - TERRITORIES == PROVINCES
    assert len(set(states("CA")) & TERRITORIES) == 1
    assert states() == sorted({*states("US"), *states("CA")})


def test_every_place_is_whole() -> None:
    for place in within(None):
        assert place.country in {"US", "CA"}
        assert place.city
        assert re.fullmatch(r"[A-Z0-9 ]{1,16}", place.rate_center), place
        assert ZoneInfo(place.zone).key == place.zone


@pytest.mark.parametrize(
    ("npa", "where"),
    [
        ("202", ("US", "DC", "America/New_York")),
        ("212", ("US", "NY", "America/New_York")),
        ("415", ("US", "CA", "America/Los_Angeles")),
        ("416", ("CA", "ON", "America/Toronto")),
        ("808", ("US", "HI", "Pacific/Honolulu")),
    ],
)
def test_area_codes_are_where_they_are(npa: str, where: tuple[str, str, str]) -> None:
    place = places()[npa]
    assert (place.country, place.state, place.zone) == where


def test_a_country_lists_its_own() -> None:
    both = {place.npa for country in ("US", "CA") for place in within(country)}
    assert both == {place.npa for place in within(None)}
    assert {place.country for place in within("CA")} == {"CA"}
