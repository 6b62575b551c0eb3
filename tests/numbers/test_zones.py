import re
from zoneinfo import ZoneInfo

import pytest

from opentact.numbers import zones as module
from opentact.numbers.countries import countries
from opentact.numbers.nanp import table
from opentact.numbers.zones import zones

HOURS = {zone.name: (zone.offset, zone.dst) for zone in zones(2024)}


def test_offsets_are_those_of_winter_and_summer_on_either_half_of_the_globe() -> None:
    assert HOURS["America/New_York"] == (-5, -4)
    assert HOURS["Australia/Sydney"] == (10, 11)
    assert HOURS["Asia/Kolkata"] == (5.5, 5.5)
    assert HOURS["America/Phoenix"] == (-7, -7)


def test_offsets_are_those_of_the_year() -> None:
    # Russia had daylight saving until 2011.
    then = {zone.name: (zone.offset, zone.dst) for zone in zones(2010)}
    assert then["Europe/Moscow"] == (3, 4)
    assert HOURS["Europe/Moscow"] == (3, 3)


def test_every_zone_is_in_a_country_and_on_the_globe() -> None:
    for zone in zones(2024):
        assert zone.country in countries()
        assert ZoneInfo(zone.name).key == zone.name
        assert re.fullmatch(r"-?\d+\.\d{4}", zone.latitude)
        assert abs(float(zone.latitude)) <= 90
        assert abs(float(zone.longitude)) <= 180


def test_a_zone_the_machine_does_not_know_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    mars = {"country": "US", "name": "Mars/Olympus", "latitude": "", "longitude": "", "note": ""}
    rows = [mars, table("zones.csv")[0]]
    monkeypatch.setattr(module, "table", lambda _: rows)
    # No other test asks for this year, which is kept.
    assert [zone.name for zone in zones(1999)] == ["Europe/Andorra"]
