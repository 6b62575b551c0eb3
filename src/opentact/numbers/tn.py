"""Telephone numbers of the North American plan, as values.

A number is kept as its E.164 digits in an integer, as the wire has it (spec/01): 11 digits that
begin with 1. NPA is the area code, NXX the exchange, and the line the last four digits.
"""

import re
from enum import StrEnum

_SPACING = re.compile(r"[\s().+-]")
_NANP = re.compile(r"1[2-9]\d{2}[2-9]\d{6}")
MOST_TEXT = 32  # characters: no written number is longer
TOLL_FREE = frozenset({"800", "833", "844", "855", "866", "877", "888"})


class TnType(StrEnum):
    """What a number is (spec/03, number search)."""

    LONG_CODE = "long_code"
    TOLL_FREE = "toll_free"


def parse_tn(text: object) -> int:
    """Read `12029822917`, `"+1 202-982-2917"` or `2029822917`, or raise `ValueError`."""
    if isinstance(text, bool) or not isinstance(text, int | str) or len(str(text)) > MOST_TEXT:
        raise ValueError("not a telephone number")
    digits = _SPACING.sub("", str(text))
    if len(digits) == 10:  # noqa: PLR2004 - a number as it is dialled at home
        digits = f"1{digits}"
    if not digits.isascii() or not _NANP.fullmatch(digits):
        raise ValueError("not a number of the North American plan: 1, then ten digits")
    return int(digits)


def npa(tn: int) -> str:
    """Tell the area code."""
    return str(tn)[1:4]


def nxx(tn: int) -> str:
    """Tell the exchange."""
    return str(tn)[4:7]


def local(tn: int) -> int:
    """Count the last seven digits as a number."""
    return tn % 10**7


def line(tn: int) -> int:
    """Count the last four digits as a number."""
    return tn % 10**4


def type_of(tn: int) -> TnType:
    """Tell what the number is, by its area code."""
    return TnType.TOLL_FREE if npa(tn) in TOLL_FREE else TnType.LONG_CODE
