"""Where numbers are at home, for <Geo>: the state by area code, the county by a loaded table.

The committed table of area codes knows states alone. Counties come from a file that the operator
has (spec/11 D-15), a CSV with the columns npa, nxx and county, perhaps state, and a line a prefix.
"""

import csv
from pathlib import Path

from opentact.kit.faults import BadRequest
from opentact.numbers.nanp import places

from .admission import dialled_number
from .callflow.stage import Region

MOST_PREFIXES = 1_000_000  # 800 area codes of at most 800 exchanges, and room
NANP = 11  # digits with the country code


class BadPlaces(BadRequest):
    """The file of places cannot be read: the message names the line, and what is wrong there."""

    code = "bad_places_file"


class Homes:
    """Looks numbers up. `counties` are by area code and exchange, six digits."""

    def __init__(self, counties: dict[str, Region] | None = None) -> None:
        self._counties = counties or {}

    def __call__(self, number: str) -> Region | None:
        """Tell where a number is at home; None if nobody knows."""
        digits = str(dialled_number(number) or "")
        if len(digits) != NANP or digits[0] != "1":
            return None
        found = self._counties.get(digits[1:7])
        if found is not None:
            return found
        place = places().get(digits[1:4])
        return Region(place.state) if place is not None else None


def read_homes(path: Path) -> Homes:
    """Read a file of places. Raises `BadPlaces`."""
    counties: dict[str, Region] = {}
    try:
        with path.open(encoding="utf-8", newline="") as file:
            for line, row in enumerate(csv.DictReader(file), 2):
                prefix = _prefix(row, line)
                counties[prefix] = _region(row, line)
                if len(counties) > MOST_PREFIXES:
                    raise BadPlaces(f"{path.name} has more than {MOST_PREFIXES} prefixes")
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise BadPlaces(f"{path.name} cannot be read: {error}") from None
    return Homes(counties)


def _prefix(row: dict[str, str], line: int) -> str:
    prefix = f"{(row.get('npa') or '').strip()}{(row.get('nxx') or '').strip()}"
    if len(prefix) != len("npanxx") or not (prefix.isascii() and prefix.isdecimal()):
        raise BadPlaces(f"line {line}: expected three digits in npa and in nxx, found {prefix!r}")
    return prefix


def _region(row: dict[str, str], line: int) -> Region:
    county, npa = (row.get("county") or "").strip(), (row.get("npa") or "").strip()
    place = places().get(npa)
    state = (row.get("state") or "").strip().upper() or (place.state if place else "")
    if not county or not state:
        raise BadPlaces(f"line {line}: expected a county, and a state or an area code we know")
    return Region(state, county)
