"""What the API needs of the guard of SIP (voice/gatekeeper.py)."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Protocol


class GuardBoard(Protocol):
    """The guard of this node. `refused` and `noticed` count by what was refused or seen."""

    refused: Counter[str]
    noticed: Counter[str]

    @property
    def bans(self) -> int:
        """How many sources are banned now."""

    async def settle(self) -> None:
        """Take up what was changed."""


@dataclass
class NoGuard:
    """A platform without SIP: for tools and tests of the API alone."""

    bans: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    noticed: Counter[str] = field(default_factory=Counter)

    async def settle(self) -> None:
        return
