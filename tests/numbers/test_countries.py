import re

from opentact.numbers.countries import countries


def test_every_country_of_iso_3166_is_there_once() -> None:
    known = countries()
    assert len(known) == 249
    assert len({country.n for country in known.values()}) == 249
    assert len({country.a3 for country in known.values()}) == 249


def test_codes_are_spelt_as_the_standard_spells_them() -> None:
    for a2, country in countries().items():
        assert re.fullmatch(r"[A-Z]{2}", a2)
        assert country.a2 == a2
        assert re.fullmatch(r"[A-Z]{3}", country.a3)
        assert 1 <= country.n <= 999
        assert country.code is None or 1 <= country.code <= 9_999_999
        assert country.name == country.name.strip() != ""


def test_some_countries_are_dialled_as_everybody_knows() -> None:
    wanted = {"US": 1, "CA": 1, "GB": 44, "DE": 49, "JP": 81, "BR": 55}
    assert {a2: countries()[a2].code for a2 in wanted} == wanted
    assert countries()["US"].name == "United States"
