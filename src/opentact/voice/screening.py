"""Whom a leased number lets call: the black- and whitelist of its TN profile (spec/11 D-3).

An exact entry goes before a mask, and the whitelist before the blacklist: exact whitelist, exact
blacklist, whitelist mask, blacklist mask. A whitelist that has entries lets nobody else through.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from fnmatch import translate
from functools import lru_cache
from typing import Protocol
from uuid import UUID

ANONYMOUS = "anonymous"  # an entry that means callers who withhold their number
_NANP_DIGITS = 10
_NUMBER = re.compile(r"\+?[0-9]{1,32}")
_NOBODY = re.compile(r"(?!)")


class Lists(Protocol):
    """A TN profile (numbers/profiles.py)."""

    uuid: UUID
    name: str
    modified_on: datetime
    blacklist: list[str]
    whitelist: list[str]


@dataclass(frozen=True, slots=True)
class _List:
    exact: frozenset[str]
    masks: re.Pattern[str]

    def __bool__(self) -> bool:
        return bool(self.exact) or self.masks is not _NOBODY


def screened(lists: Lists, caller: str, *, withheld: bool = False) -> str | None:
    """Tell which list refuses the caller, `blacklist` or `whitelist`; None lets him through.

    A caller without a number, or who withholds it, is `anonymous`; only that word and masks that
    take everything mean him.
    """
    black, white = _read(lists.uuid, lists.modified_on, _Both(lists))
    if not black and not white:
        return None
    shown = "" if withheld or not _NUMBER.fullmatch(caller) else _digits(caller.lstrip("+"))
    name = shown or ANONYMOUS
    for entries, refuses in ((white, None), (black, "blacklist")):
        if name in entries.exact:
            return refuses
    for entries, refuses in ((white, None), (black, "blacklist")):
        if entries.masks.fullmatch(shown):
            return refuses
    return "whitelist" if white else None


class _Both:
    """Lists that are not part of the key they are kept by: their profile's change is."""

    def __init__(self, lists: Lists) -> None:
        self.lists = lists

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Both)

    def __hash__(self) -> int:
        return 0


@lru_cache(maxsize=4096)
def _read(uuid: UUID, modified_on: datetime, both: _Both) -> tuple[_List, _List]:
    """Read the lists once for each change: a thousand entries are not read for every call."""
    del uuid, modified_on
    return _list(both.lists.blacklist), _list(both.lists.whitelist)


def _list(entries: Sequence[str]) -> _List:
    masks = [entry for entry in entries if _is_mask(entry)]
    exact = frozenset(_digits(entry) for entry in entries if not _is_mask(entry))
    # Python's translation never tries a run twice, whatever the mask: a list costs no call.
    together = "|".join(translate(mask.replace("%", "?")) for mask in masks)
    return _List(exact, re.compile(together) if masks else _NOBODY)


def _is_mask(entry: str) -> bool:
    return "*" in entry or "%" in entry


def _digits(number: str) -> str:
    """Write a number of North America with its country code, as callers are written."""
    plain = number.isdecimal() and len(number) == _NANP_DIGITS and number[0] not in "01"
    return f"1{number}" if plain else number
