"""Phones that are registered at another node: found in the rows that node keeps, and called by UDP.

Such a phone is called where it registered from, and along its Path: a proxy in front of all
nodes reaches it for any of them. What came over a connection can be reached by the node that
holds the connection alone, and is left out (docs/decisions/0118).
"""

import asyncio
from collections.abc import Callable, Collection, Mapping
from uuid import UUID

import structlog

from opentact.kit.units import Storage

from .bindings import bindings_elsewhere, is_any_elsewhere
from .registrations import Registrations
from .remembered import Remembered
from .sip.registrar import Binding

LOOK_S = 5.0  # how long it may go unseen that there is another node at all
log = structlog.get_logger(__name__)


class Reachable:
    """Where users can be called from this node: what it holds itself, and what others hold.

    As long as no other node holds anything, no call asks the database.
    """

    def __init__(
        self, here: Registrations, storage: Storage, node: str, now: Callable[[], float]
    ) -> None:
        """`now` tells seconds since 1970."""
        self._here = here
        self._storage = storage
        self._node = node
        self._now = now
        self._elsewhere: Remembered[UUID, tuple[Binding, ...]] = Remembered(self._read, now)
        self.has_others = False

    async def reach(self, user: UUID) -> list[Binding]:
        """Tell where the user can be called now, each place once."""
        here = self._here.contacts_of(user)
        if not self.has_others:
            return here
        # A phone that has moved to this node may still be in the rows of the other one.
        places = {(each.contact, each.source) for each in here}
        now = self._now()
        more = await self._elsewhere.get(user) or ()
        return here + [
            each
            for each in more
            if each.expires_at > now and (each.contact, each.source) not in places
        ]

    async def run(self) -> None:
        """Keep looking whether there are others, until cancelled."""
        while True:
            try:
                await self.look()
            except Exception:
                log.exception("sip_bindings_of_others_not_read")
            await asyncio.sleep(LOOK_S)

    async def look(self) -> None:
        """Look whether another node holds anything."""
        async with self._storage.read() as session:
            self.has_others = await is_any_elsewhere(session, self._node, self._now())

    async def _read(self, users: Collection[UUID]) -> Mapping[UUID, tuple[Binding, ...]]:
        async with self._storage.read() as session:
            return await bindings_elsewhere(session, self._node, users)
