"""Number ranges that thieves call: premium rate, satellite, international revenue share.

They are closed until somebody opens them by name. The table, `high_risk.csv`, says for each
prefix what it is and where that is known from.
"""

import csv
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files


@dataclass(frozen=True, slots=True)
class HighRisk:
    """A range. `kind` is premium, shared_cost, personal, satellite, global or irsf."""

    prefix: str
    kind: str
    country: str
    source: str


@lru_cache(maxsize=1)
def table() -> dict[str, HighRisk]:
    """Read the table: ranges by their prefix."""
    text = files(__package__).joinpath("high_risk.csv").read_text(encoding="utf-8")
    lines = (line for line in text.splitlines() if not line.startswith("#"))
    return {row["prefix"]: HighRisk(**row) for row in csv.DictReader(lines)}


@lru_cache(maxsize=1)
def _lengths() -> tuple[int, ...]:
    return tuple(sorted({len(prefix) for prefix in table()}, reverse=True))


def high_risk_of(digits: str) -> HighRisk | None:
    """Find the narrowest range the number is in."""
    ranges = table()
    for length in _lengths():
        found = ranges.get(digits[:length])
        if found is not None:
            return found
    return None


def is_opened(risk: HighRisk, digits: str, opened: "tuple[str, ...] | list[str]") -> bool:
    """Tell whether one of these prefixes opens the range for the number.

    It must be as long as the range's own at least: to open a country opens no range within it.
    """
    return any(len(each) >= len(risk.prefix) and digits.startswith(each) for each in opened)
