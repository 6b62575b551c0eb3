"""Kinds of attribute values: how each is read, and how the reference describes it."""

import re
from dataclasses import dataclass
from typing import Protocol, TypeVar
from urllib.parse import urlsplit

T_co = TypeVar("T_co", covariant=True)

KEYS = "0123456789*#ABCD"  # RFC 4733 section 3.2, events 0 to 15
MAX_MS = 3_600_000  # an hour: longer than any one command of a call may take
_WHOLE = re.compile(r"[+-]?[0-9]{1,10}")
_CONTROL = re.compile(r"[\x00-\x20\x7f]")
_MAX_URL = 2048  # what HTTP servers of the world take at least


class Kind(Protocol[T_co]):
    """Reads the text of an attribute."""

    @property
    def says(self) -> str:
        """What may be written, as a phrase that follows "expected"."""

    def parse(self, text: str) -> T_co:
        """Read the text, or raise ValueError."""


@dataclass(frozen=True, slots=True)
class Whole:
    """A whole number between two bounds, both included."""

    low: int
    high: int
    unit: str = ""

    @property
    def says(self) -> str:
        unit = f" {self.unit}" if self.unit else ""
        return f"a whole number from {self.low} to {self.high}{unit}"

    def parse(self, text: str) -> int:
        text = text.strip()
        if not _WHOLE.fullmatch(text) or not self.low <= int(text) <= self.high:
            raise ValueError(text)
        return int(text)


def milliseconds(low: int = 0, high: int = MAX_MS) -> Whole:
    """Count milliseconds, as every time in a flow does (spec/09)."""
    return Whole(low, high, "ms")


@dataclass(frozen=True, slots=True)
class Flag:
    """True or false."""

    says: str = "true or false"

    def parse(self, text: str) -> bool:
        flags = {"true": True, "1": True, "false": False, "0": False}
        try:
            return flags[text.strip().lower()]
        except KeyError:
            raise ValueError(text) from None


@dataclass(frozen=True, slots=True)
class OneOf:
    """One of a few words; case is forgiven (one client writes `post`, spec/11 X6)."""

    words: tuple[str, ...]

    @property
    def says(self) -> str:
        return "one of " + ", ".join(self.words)

    def parse(self, text: str) -> str:
        for word in self.words:
            if word.lower() == text.strip().lower():
                return word
        raise ValueError(text)


@dataclass(frozen=True, slots=True)
class Keys:
    """Keys of a telephone, written one after the other; commas and spaces between are forgiven."""

    most: int = len(KEYS)
    least: int = 0
    extra: str = ""  # the old Gather names a `+` that no telephone has

    @property
    def says(self) -> str:
        if self.most == 1:
            return f"one of 0-9, * #{' +' if self.extra else ''}"
        return f"{self.least} to {self.most} keys out of 0-9 * # A-D"

    def parse(self, text: str) -> str:
        keys = text.replace(",", "").replace(" ", "").upper()
        if not self.least <= len(keys) <= self.most or set(keys) - set(KEYS + self.extra):
            raise ValueError(text)
        return keys


@dataclass(frozen=True, slots=True)
class Text:
    """Any text that is not blank."""

    says: str = "text"
    most: int = 64 * 1024  # a document cannot hold more

    def parse(self, text: str) -> str:
        text = " ".join(text.split())
        if not text or len(text) > self.most:
            raise ValueError(text)
        return text


@dataclass(frozen=True, slots=True)
class Matching:
    """Text of a given form."""

    says: str
    pattern: str

    def parse(self, text: str) -> str:
        text = text.strip()
        if not re.fullmatch(self.pattern, text):
            raise ValueError(text)
        return text


@dataclass(frozen=True, slots=True)
class ListOf:
    """A comma list of words out of a fixed set."""

    words: tuple[str, ...]

    @property
    def says(self) -> str:
        return "a comma list out of " + ", ".join(self.words)

    def parse(self, text: str) -> tuple[str, ...]:
        one, words = OneOf(self.words), text.split(",")
        if len(words) > len(self.words):
            raise ValueError(text)
        return tuple(one.parse(word) for word in words)


@dataclass(frozen=True, slots=True)
class Url:
    """An absolute http or https URL."""

    says: str = "an http or https URL"

    def parse(self, text: str) -> str:
        text = text.strip()
        parts = urlsplit(text)
        if parts.scheme.lower() not in {"http", "https"} or not parts.hostname:
            raise ValueError(text)
        if len(text) > _MAX_URL or _CONTROL.search(text):
            raise ValueError(text)
        _ = parts.port  # a port out of range is a ValueError
        return text
