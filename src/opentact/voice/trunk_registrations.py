"""The registrations that trunks keep up at their carriers, each by its own machine.

A registration goes to the first target that is not down. Calls then come to our Contact, which
has the username as its user part, from the carrier's own address.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from opentact.kit.ids import new_id

from .sip.effects import Reply
from .sip.registration_client import Moved, Register, RegistrationClient
from .trunk_asking import PATIENCE_S, Asker, answer_to
from .trunk_ways import Transport, Trunk, TrunkTarget
from .trunks import Trunks

FAREWELL_S = 2.0  # at the end, for all registrations together to be taken back
# A challenge takes a second round trip.
REGISTER_PATIENCE_S = 2 * PATIENCE_S

OnMove = Callable[[Trunk, TrunkTarget, Moved], None]


@dataclass(slots=True)
class Kept:
    """One trunk's registration. `target` is where it was sent last."""

    trunk: Trunk
    client: RegistrationClient
    target: TrunkTarget
    call_id: str


class TrunkRegistrations:
    """All of this node. `place` is our host and port as others reach us."""

    def __init__(self, trunks: Trunks, asker: Asker, place: str, on_move: OnMove) -> None:
        self._trunks = trunks
        self._asker = asker
        self._place = place
        self._on_move = on_move
        self._kept: dict[UUID, Kept] = {}

    def of(self, trunk: UUID) -> RegistrationClient | None:
        """Give a trunk's registration; None if it keeps none."""
        kept = self._kept.get(trunk)
        return kept.client if kept else None

    def renew(self) -> list[Kept]:
        """Begin what trunks ask for now, forget what they no longer do.

        Returns those that came to their end, to be taken back.
        """
        wanted = {uuid: trunk for uuid, trunk in self._trunks.by_uuid.items() if _wants(trunk)}
        ended = [
            self._kept.pop(uuid)
            for uuid, kept in [*self._kept.items()]
            if uuid not in wanted or _differs(kept.trunk, wanted[uuid])
        ]
        for uuid, trunk in wanted.items():
            if uuid not in self._kept:
                target = self._target(trunk)
                client = RegistrationClient(self._contact(trunk, target), trunk.expires)
                self._kept[uuid] = Kept(trunk, client, target, str(new_id()))
        return ended

    def wake_at(self, trunk: UUID) -> float | None:
        """Tell when the registration wants something next."""
        kept = self._kept.get(trunk)
        return kept.client.wake_at if kept else None

    async def refresh(self, trunk: UUID, now: float, chance: float) -> None:
        """Ask for what is due, and take the answer. `chance` is from 0 up to 1."""
        kept = self._kept.get(trunk)
        register = kept.client.due(now) if kept else None
        if kept is None or register is None:
            return
        kept.target = self._target(kept.trunk)
        reply = await self._ask(kept, register)
        self._trunks.heard(trunk, kept.target, reply.status, by="REGISTER")
        moved = kept.client.replied(reply, self._trunks.now(), chance)
        if moved:
            self._on_move(kept.trunk, kept.target, moved)

    async def take_back(self, ended: list[Kept]) -> None:
        """Take bindings back, as far as that takes no longer than a moment."""
        farewells = [self._ask(kept, register) for kept in ended if (register := kept.client.end())]
        try:
            async with asyncio.timeout(FAREWELL_S):
                await asyncio.gather(*farewells)
        except TimeoutError:
            return  # what is left runs out by itself

    async def close(self) -> None:
        """End all of them."""
        ended, self._kept = [*self._kept.values()], {}
        await self.take_back(ended)

    async def _ask(self, kept: Kept, register: Register) -> Reply:
        target, credentials = kept.target, kept.trunk.credentials
        destinations = self._trunks.destinations(kept.trunk, target)
        if not destinations or credentials is None:
            return Reply(480, self._trunks.why_not(kept.trunk, target))
        address = f"<sip:{credentials.username}@{_bracketed(target.host)}>"
        try:
            asked = self._asker.ask(
                "REGISTER",
                target.uri(),
                to=address,
                caller=address,
                destination=destinations[0],
                headers=(
                    ("contact", f"<{kept.client.contact}>;expires={register.expires}"),
                    ("expires", str(register.expires)),
                ),
                credentials=credentials,
                call_id=kept.call_id,
                number=register.number,
            )
        except ValueError as fault:
            return Reply(480, str(fault))
        reply = await answer_to(asked, REGISTER_PATIENCE_S)
        # The next attempt goes to another server of the domain when this one failed.
        self._trunks.answered(destinations[0], reply.status)
        return reply

    def _target(self, trunk: Trunk) -> TrunkTarget:
        """Choose the first target that is not down, else the first of all."""
        by_priority = sorted(trunk.targets, key=lambda each: each.priority)
        up = (each for each in by_priority if self._trunks.health(trunk.uuid, each).usable)
        return next(up, by_priority[0])

    def _contact(self, trunk: Trunk, target: TrunkTarget) -> str:
        user = trunk.credentials.username if trunk.credentials else ""
        plain = target.transport is Transport.UDP
        over = "" if plain else f";transport={target.transport.value}"
        return f"sip:{user}@{self._place}{over}"


def _wants(trunk: Trunk) -> bool:
    return bool(trunk.register and trunk.credentials and trunk.targets)


def _differs(one: Trunk, other: Trunk) -> bool:
    return any(
        getattr(one, name) != getattr(other, name) for name in ("targets", "credentials", "expires")
    )


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
