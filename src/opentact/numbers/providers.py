"""Who sells us numbers: the port, and the two providers that come with the platform.

A reference makes twice once: asking again with the same reference, after a crash say, is the
same as asking once.
"""

from collections.abc import Mapping
from typing import Protocol
from uuid import UUID

from .faults import NumberRefused


class NumberProvider(Protocol):
    """A seller of numbers.

    One that is `instant` answers without waiting for anybody, so it may be asked inside a
    transaction; others are asked outside, while nothing is locked.
    """

    @property
    def instant(self) -> bool:
        """Whether it answers without waiting for anybody."""

    async def acquire(self, tn: int, *, reference: UUID) -> None:
        """Buy the number, or raise `NumberRefused` with a reason that a customer may read."""

    async def release(self, tn: int, *, reference: UUID) -> None:
        """Give back what was bought under this reference; what was not is left alone."""


class SimulatedProvider:
    """The provider `dev`: a carrier in memory, which sells each of its numbers once."""

    instant = True

    def __init__(self) -> None:
        self._sold: dict[int, UUID] = {}
        self._refusals: dict[int, str] = {}

    def refuse(self, tn: int, reason: str) -> None:
        """Let the carrier refuse this number from now on."""
        self._refusals[tn] = reason

    async def acquire(self, tn: int, *, reference: UUID) -> None:
        """Sell the number to the reference."""
        if tn in self._refusals:
            raise NumberRefused(f"Error buying a number: {self._refusals[tn]}")
        if self._sold.setdefault(tn, reference) != reference:
            raise NumberRefused("Error buying a number: the carrier has sold it to someone else")

    async def release(self, tn: int, *, reference: UUID) -> None:
        """Take the number back."""
        if self._sold.get(tn) == reference:
            del self._sold[tn]


class OwnStock:
    """The provider `own`: numbers the operator has already; there is nobody to ask."""

    instant = True

    async def acquire(self, tn: int, *, reference: UUID) -> None:
        """Nothing to do: the inventory alone decides."""

    async def release(self, tn: int, *, reference: UUID) -> None:
        """Nothing to do."""


def usual_providers() -> Mapping[str, NumberProvider]:
    """Make the providers that need no settings."""
    return {"dev": SimulatedProvider(), "own": OwnStock()}
