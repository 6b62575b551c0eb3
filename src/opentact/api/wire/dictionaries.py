"""Countries, time zones and places as the wire spells them (spec/02, dictionaries)."""

from typing_extensions import TypedDict

from opentact.numbers.countries import Country, countries


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
