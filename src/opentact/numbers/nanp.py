"""Where area codes are: state or province, a city, its rate centre and time zone.

The table is committed beside this module; its README says what it is made from.
"""

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files


@dataclass(frozen=True, slots=True)
class Place:
    """Where an area code is. `state` is the two letters of a state or province."""

    npa: str
    country: str
    state: str
    city: str
    rate_center: str
    zone: str


def table(name: str) -> list[dict[str, str]]:
    """Read one of the committed tables."""
    text = files("opentact.numbers").joinpath("data", name).read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))


@cache
def places() -> dict[str, Place]:
    """Tell every geographic area code of the United States and Canada, by its digits."""
    return {row["npa"]: Place(**row) for row in table("nanp.csv")}


def states(country: str | None = None) -> list[str]:
    """List the states and provinces that have area codes."""
    return sorted({place.state for place in within(country)})


def within(country: str | None) -> Iterable[Place]:
    """List the area codes of a country, or all."""
    return (place for place in places().values() if country in {None, place.country})
