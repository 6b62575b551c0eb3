"""Countries, time zones and places as the wire spells them (spec/02, dictionaries)."""

from collections.abc import Iterable

from typing_extensions import TypedDict

from opentact.numbers.countries import Country, countries
from opentact.numbers.nanp import Place
from opentact.numbers.zones import Zone
from opentact.voice.voices import Voice


class CountryOut(TypedDict):
    """A country. `country_code` is how it is dialled."""

    name: str
    a2: str
    a3: str
    n: int
    country_code: int | None
    national_code: int | None


def country_out(code: str) -> CountryOut:
    """Write the country of this two-letter code."""
    return write_country(countries()[code])


def write_country(country: Country) -> CountryOut:
    """Write a country."""
    return {
        "name": country.name.upper(),
        "a2": country.a2,
        "a3": country.a3,
        "n": country.n,
        "country_code": country.code,
        "national_code": None,
    }


class ZoneOut(TypedDict):
    """A time zone; offsets are hours from UTC, in standard time and with daylight saving."""

    country_code: str
    name: str
    utc_offset: float
    utc_dst_offset: float
    latitude: str
    longitude: str
    note: str | None


class VoiceOut(TypedDict):
    """A voice; its `code` is what `<Say code>` takes."""

    uuid: str
    type: str
    code: str
    name: str
    gender: str
    naturalSampleRateHertz: int


class StateOut(TypedDict):
    """A state or province, with its area codes."""

    state: str
    country: str
    npa: list[str]


class RateCenterOut(TypedDict):
    """A rate centre, with the area codes and exchanges (NPA-NXX) there are numbers in."""

    rate_center: str
    state: str | None
    npa: list[str]
    npa_nxx: list[str]


def zone_out(zone: Zone) -> ZoneOut:
    """Write a time zone."""
    return {
        "country_code": zone.country,
        "name": zone.name,
        "utc_offset": zone.offset,
        "utc_dst_offset": zone.dst,
        "latitude": zone.latitude,
        "longitude": zone.longitude,
        "note": zone.note or None,
    }


def voice_out(voice: Voice) -> VoiceOut:
    """Write a voice."""
    return {
        "uuid": str(voice.uuid),
        "type": voice.kind.value,
        "code": voice.code,
        "name": voice.name,
        "gender": voice.gender.value,
        "naturalSampleRateHertz": voice.natural_sample_rate_hertz,
    }


def state_out(state: str, places: Iterable[Place]) -> StateOut:
    """Write a state with those of the area codes that are its own."""
    mine = [place for place in places if place.state == state]
    return {"state": state, "country": mine[0].country, "npa": [place.npa for place in mine]}
