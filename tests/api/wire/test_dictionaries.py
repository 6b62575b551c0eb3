"""How countries, zones, places and voices are spelt."""

import re

from opentact.api.wire.dictionaries import (
    CountryOut,
    StateOut,
    VoiceOut,
    ZoneOut,
    country_out,
    state_out,
    voice_out,
    zone_out,
)
from opentact.numbers.countries import countries
from opentact.numbers.nanp import places
from opentact.numbers.zones import Zone
from opentact.voice.voices import Gender, Kind, Voice
from support.shapes import members


def test_a_country_is_in_capitals_with_the_code_it_is_dialled_by() -> None:
    assert country_out("DE") == {
        "name": "GERMANY",
        "a2": "DE",
        "a3": "DEU",
        "n": 276,
        "country_code": 49,
        "national_code": None,
    }
    for code in countries():
        assert set(country_out(code)) == members(CountryOut)


def test_a_zone_without_a_note_has_none() -> None:
    zone = Zone("US", "America/New_York", "40.7142", "-74.0064", "", -5.0, -4.0)
    written = zone_out(zone)
    assert written == {
        "country_code": "US",
        "name": "America/New_York",
        "utc_offset": -5.0,
        "utc_dst_offset": -4.0,
        "latitude": "40.7142",
        "longitude": "-74.0064",
        "note": None,
    }
    assert set(written) == members(ZoneOut)


def test_a_voice_keeps_the_spelling_of_its_documents() -> None:
    voice = Voice("en-US-Standard-C", "en-US", "Someone", Kind.STANDARD, Gender.FEMALE, 24_000)
    written = voice_out(voice)
    assert written == {
        "uuid": str(voice.uuid),
        "type": "Standard",
        "code": "en-US-Standard-C",
        "name": "Someone",
        "gender": "FEMALE",
        "naturalSampleRateHertz": 24_000,
    }
    assert set(written) == members(VoiceOut)


def test_a_state_lists_its_own_area_codes_of_those_given() -> None:
    written = state_out("DC", places().values())
    assert written == {"state": "DC", "country": "US", "npa": ["202", "771"]}
    assert set(written) == members(StateOut)
    ontario = state_out("ON", places().values())
    assert ontario["country"] == "CA"
    assert all(re.fullmatch(r"\d{3}", code) for code in ontario["npa"])
    assert not set(ontario["npa"]) & set(written["npa"])
