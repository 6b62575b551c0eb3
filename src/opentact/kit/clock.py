"""Time as the platform writes it: UTC, to the millisecond."""

import time
from datetime import UTC, datetime, tzinfo
from functools import lru_cache
from typing import Protocol
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError


class Clock(Protocol):
    """Where the time of day comes from; handed in, never asked for by domain code."""

    def now(self) -> datetime:
        """Tell the time, aware and in UTC, cut to whole milliseconds."""


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        return whole_ms(datetime.now(UTC))


class MonotonicMs:
    """Milliseconds that never go back, for durations."""

    def __call__(self) -> float:
        return time.monotonic() * 1000


def whole_ms(moment: datetime) -> datetime:
    """Cut to milliseconds, so that what is stored equals what was shown."""
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


# Each event of a call spells the moments of those before it again.
@lru_cache(maxsize=4096)
def stamp(moment: datetime) -> str:
    """Write `2024-01-16T14:15:49.037Z` (spec/01, dates)."""
    if moment.tzinfo is not UTC:
        moment = moment.astimezone(UTC)
    return moment.isoformat(timespec="milliseconds")[:-6] + "Z"  # -6: the +00:00


def parse_stamp(text: str) -> datetime:
    """Read an ISO 8601 date-time, or raise ValueError; one without a zone is taken as UTC."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    try:
        return whole_ms(moment.astimezone(UTC))
    except OverflowError:
        raise ValueError("expected a moment of the years 1 to 9999 in UTC") from None


def zone_of(name: str) -> tzinfo:
    """Find a time zone by its name; UTC if the machine does not know it."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return UTC
