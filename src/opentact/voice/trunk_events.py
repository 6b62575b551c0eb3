"""What happens to trunks: a target goes down or comes up, a registration is lost or comes back."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from opentact.accounts.accounts import Account

from .trunk_ways import TrunkKind


class TrunkPart(StrEnum):
    """What of a trunk changed its state."""

    TARGET = "target"
    REGISTRATION = "registration"


@dataclass(frozen=True, slots=True)
class TrunkTurned:
    """A part of a trunk went from one state to another. `target` is transport:host:port."""

    account: Account
    trunk: UUID
    kind: TrunkKind
    name: str
    part: TrunkPart
    target: str
    before: str
    after: str
    reason: str
