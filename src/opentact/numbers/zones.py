"""Time zones of the tz database: where they are, and how far from UTC (spec/02)."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from .nanp import table


@dataclass(frozen=True, slots=True)
class Zone:
    """A zone, with its offsets from UTC in hours, in winter (`offset`) and in summer (`dst`)."""

    country: str
    name: str
    latitude: str
    longitude: str
    note: str
    offset: float
    dst: float


@cache
def zones(year: int) -> list[Zone]:
    """List the zones that the machine knows, with their offsets in this year."""
    known: list[Zone] = []
    for row in table("zones.csv"):
        try:
            zone = ZoneInfo(row["name"])
        except ZoneInfoNotFoundError:
            continue
        known.append(_zone(row, zone, year))
    return known


def _zone(row: dict[str, str], zone: ZoneInfo, year: int) -> Zone:
    winter, summer = (
        (datetime(year, month, 1, tzinfo=UTC).astimezone(zone).utcoffset() or timedelta())
        for month in (1, 7)
    )
    low, high = sorted((winter, summer))
    return Zone(
        row["country"],
        row["name"],
        row["latitude"],
        row["longitude"],
        row["note"],
        low.total_seconds() / 3600,
        high.total_seconds() / 3600,
    )
