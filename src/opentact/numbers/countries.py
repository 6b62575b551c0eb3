"""The countries of ISO 3166, and how each is dialled."""

from dataclasses import dataclass
from functools import cache

from .nanp import table


@dataclass(frozen=True, slots=True)
class Country:
    """A country: its codes of two and three letters, its number, name and calling code."""

    a2: str
    a3: str
    n: int
    name: str
    code: int | None


@cache
def countries() -> dict[str, Country]:
    """Tell every country by its two letters."""
    return {
        row["a2"]: Country(
            row["a2"],
            row["a3"],
            int(row["n"]),
            row["name"],
            int(row["code"]) if row["code"] else None,
        )
        for row in table("countries.csv")
    }
