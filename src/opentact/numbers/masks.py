"""Masks over the ten digits of a number, and the index ranges that find them.

A number is NPA-NXX-line. Three indexes begin at its first, fourth and seventh digit. A mask that
begins elsewhere is turned into ranges of the index before it by trying every digit in between:
digits 2 to 9 at the head of NPA and NXX, all ten elsewhere. So `233755` anywhere in a number is
a few hundred short index ranges instead of a walk over the whole inventory; only masks of one or
two digits, which match numbers everywhere, are left to a walk that stops early.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

DIGITS = 10
STARTS = (0, 3, 6)
MOST_RANGES = 100  # per place of a mask: more would cost more than they save
MOST_TEXT = 32
DENSE = 0.02  # a mask that matches more than this share of all numbers is walked
_LETTERS = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "22233344455566677778889999")

Positions = tuple[str | None, ...]
"""Ten digits; None where any digit will do."""


@dataclass(frozen=True, slots=True)
class Range:
    """Numbers whose digits from `start` on lie between `low` and `high`, both included."""

    start: int
    low: int
    high: int


@dataclass(frozen=True, slots=True)
class Plan:
    """How to find what a mask matches.

    `like` is the exact test, over the digits with their leading 1. `ranges` cover everything
    that matches and more; None says that so much matches that walking is better.
    """

    like: str
    ranges: tuple[Range, ...] | None


def plan_infix(text: str, *, letters: bool = False) -> Plan:
    """Plan a mask of digits, `*` (any run) and `%` (one position) that matches anywhere.

    With `letters`, A to Z stand for the keys they are on. Raises `ValueError`.
    """
    text = text.upper().translate(_LETTERS) if letters else text
    if not re.fullmatch(rf"[0-9*%]{{1,{MOST_TEXT}}}", text):
        raise ValueError("expected digits, * for any run and % for one digit")
    pieces = [piece for piece in text.split("*") if piece]
    like = f"1%{'%'.join(piece.replace('%', '_') for piece in pieces)}%"
    if sum(map(len, pieces)) > DIGITS:
        return Plan(like, ())
    piece = max(pieces, key=lambda piece: sum(map(str.isdigit, piece)), default="")
    return Plan(like, _cover(_placed(piece)))


def plan_positions(positions: Positions) -> Plan:
    """Plan a mask that says each digit or leaves it open."""
    return Plan("1" + "".join(digit or "_" for digit in positions), _cover([positions]))


def read_positions(text: str, length: int) -> Positions:
    """Read a mask such as `12xx`: digits, and `x` for any. Raises `ValueError`."""
    if not re.fullmatch(rf"[0-9xX]{{{length}}}", text):
        raise ValueError(f"expected {length} characters: digits, and x for any digit")
    return tuple(None if letter in "xX" else letter for letter in text)


def _placed(piece: str) -> Iterator[Positions]:
    digits = tuple(None if letter == "%" else letter for letter in piece)
    for offset in range(DIGITS - len(piece) + 1):
        rest = DIGITS - len(piece) - offset
        yield (None,) * offset + digits + (None,) * rest


def _cover(masks: Iterable[Positions]) -> tuple[Range, ...] | None:
    found: list[Range] = []
    share = 0.0
    for positions in masks:
        start, prefixes, known = max(
            (_prefixes(positions, start) for start in STARTS),
            key=lambda option: (option[2], -len(option[1])),
        )
        share += 10.0**-known
        width = DIGITS - start
        found += (_range(start, prefix, width) for prefix in prefixes)
    return tuple(found) if share < DENSE else None


def _prefixes(positions: Positions, start: int) -> tuple[int, list[str], int]:
    """Spell out what the digits from `start` may begin with, as far as that narrows them."""
    best: tuple[list[str], int] = ([""], 0)
    prefixes, known = [""], 0
    for place in range(start, DIGITS):
        digit = positions[place]
        choices = digit if digit is not None else "23456789" if place in {0, 3} else "0123456789"
        prefixes = [prefix + choice for prefix in prefixes for choice in choices]
        if len(prefixes) > MOST_RANGES:
            break
        if digit is not None:
            known += 1
            best = prefixes, known
    return start, *best


def _range(start: int, prefix: str, width: int) -> Range:
    head = "1" if start == 0 else ""
    low = int(head + prefix.ljust(width, "0"))
    return Range(start, low, int(head + prefix.ljust(width, "9")))
