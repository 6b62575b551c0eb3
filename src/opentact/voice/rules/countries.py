"""Which country a number belongs to, in microseconds.

Most country codes are one country. North America shares one by area codes; the few other shared
ones are asked of libphonenumber, whose answers are kept by the digits that decide.
"""

from functools import lru_cache

import phonenumbers

SHARED_DIGITS = 8  # of the number: what tells Guernsey from Great Britain lies within them
_NANP_DIGITS = 4
_NON_GEOGRAPHIC = "001"  # libphonenumber's name for codes that are no country's


def country_of(digits: str) -> str | None:
    """Tell the ISO 3166 code of an E.164 number's country; None if it is none's."""
    if digits.startswith("1"):
        return _of_area(digits[:_NANP_DIGITS])
    for length in (1, 2, 3):
        regions = phonenumbers.COUNTRY_CODE_TO_REGION_CODE.get(_number(digits[:length]))
        if regions is not None:
            return _one_of(regions, digits)
    return None


def _number(digits: str) -> int:
    return int(digits) if digits.isascii() and digits.isdecimal() else 0


def _one_of(regions: tuple[str, ...], digits: str) -> str | None:
    if len(regions) == 1:
        return None if regions[0] == _NON_GEOGRAPHIC else regions[0]
    return _asked(digits, digits[:SHARED_DIGITS]) or regions[0]


@lru_cache(maxsize=1024)
def _of_area(area: str) -> str | None:
    """Find the country of a North American area code by one of its numbers."""
    for number in (f"{area}5550123", f"{area}2345678"):
        found = _region(number)
        if found is not None:
            return found
    return None


_KEPT: dict[str, str | None] = {}
_MOST_KEPT = 50_000


def _asked(digits: str, head: str) -> str | None:
    if head not in _KEPT:
        if len(_KEPT) >= _MOST_KEPT:
            _KEPT.clear()
        _KEPT[head] = _region(digits)
    return _KEPT[head]


def _region(digits: str) -> str | None:
    try:
        parsed = phonenumbers.parse(f"+{digits}")
    except phonenumbers.NumberParseException:
        return None
    found: str | None = phonenumbers.region_code_for_number(parsed)
    return found
