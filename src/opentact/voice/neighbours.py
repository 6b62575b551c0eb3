"""The parts that calls lean on, and stand-ins where one is missing.

Without them nobody is registered, no trunk leads out, and nothing that costs is allowed.
"""

from dataclasses import dataclass, field
from uuid import UUID

from .callers import Logins, Sources
from .connecting import Rules
from .dialling import Dialler
from .forks import Outlets, Phones
from .sip.registrar import Binding
from .trunk_logins import TrunkLogins
from .trunk_ways import Way


class NoPhones:
    """Nobody is registered."""

    async def reach(self, user: UUID) -> list[Binding]:
        del user
        return []


class NoOutlets:
    """No trunk leads out."""

    def ways_to_connection(self, connection_uuid: UUID, called: str = "") -> list[Way]:
        del connection_uuid, called
        return []

    def why_no_way(self, connection_uuid: UUID) -> str | None:
        del connection_uuid
        return None

    def ways_out(self, product_id: int | None, number_e164: str) -> list[Way]:
        del product_id, number_e164
        return []

    def told(self, way: Way, status: int | None) -> None:
        """Nobody wants to know."""


@dataclass(slots=True)
class Neighbours:
    """The other parts that calls lean on; each may be missing, and then does not serve."""

    sources: Sources | None = None
    logins: Logins | None = None
    trunk_logins: TrunkLogins | None = None
    phones: Phones = field(default_factory=NoPhones)
    outlets: Outlets = field(default_factory=NoOutlets)
    rules: Rules | None = None
    dialler: Dialler | None = None
