"""The trunks of this node, in memory: where calls go out, who calls in, what is down.

Calls ask it without waiting: what it knows was read from the database when something changed.
It says what came of calls to `Health`, and tells `on_turn` when a target goes down or comes up.
"""

import asyncio
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from uuid import UUID

from opentact.kit.units import Storage

from .sip.machine import Address
from .sip.registration_client import RegistrationClient
from .trunk_callers import Source, TrunkCallers
from .trunk_health import Health, Turned
from .trunk_places import Located, Places, names_of
from .trunk_rows import Login, Rows, read_rows
from .trunk_ways import (
    Draw,
    Route,
    Trunk,
    TrunkCaller,
    TrunkKind,
    TrunkTarget,
    Way,
    ordered,
)

LONGEST_PREFIX = 15  # digits of an E.164 number
# Numbers set aside for fiction, NPA-555-01xx: no carrier has them but the simulated one.
FICTIONAL = re.compile(r"1[2-9]\d{2}55501\d{2}")

OnTurn = Callable[[Trunk, TrunkTarget, Turned], None]
Registrations = Callable[[UUID], RegistrationClient | None]
"""Give the registration that a trunk keeps up, None if it keeps none."""


@dataclass(frozen=True, slots=True)
class _Outlet:
    """A route of a carrier, found by its prefix."""

    trunk: Trunk
    route: Route


@dataclass(slots=True)
class Guests:
    """Who may deliver calls without being a carrier by name: the `carriers` setting.

    `last` is what holds only because nothing was set: anybody who is named goes before.
    """

    first: tuple[str, ...] = ()
    last: tuple[str, ...] = ()


@dataclass(slots=True)
class Trunks:
    """`now` tells seconds, `draw` is chance. `simulated` stands in where no carrier is."""

    storage: Storage
    now: Callable[[], float]
    draw: Draw
    guests: Guests = field(default_factory=Guests)
    simulated: Trunk | None = None
    on_turn: OnTurn = lambda _trunk, _target, _turned: None
    registration: Registrations = lambda _trunk: None
    on_change: Callable[[], None] = lambda: None
    by_uuid: dict[UUID, Trunk] = field(default_factory=dict)
    may_reach: Callable[[str], bool] = lambda _host: True
    _places: Places = field(init=False)
    _destinations: dict[tuple[UUID, TrunkTarget], tuple[Address, ...]] = field(default_factory=dict)
    _health: dict[tuple[UUID, TrunkTarget], Health] = field(default_factory=dict)
    _outlets: dict[str, list[_Outlet]] = field(default_factory=dict)
    _callers: TrunkCallers = field(default_factory=lambda: TrunkCallers(()))
    _switches: tuple[Source, ...] = ()
    _logins: dict[str, Login] = field(default_factory=dict)
    _stale: bool = True
    _reading: asyncio.Lock = field(default_factory=asyncio.Lock)

    def __post_init__(self) -> None:
        self._places = Places(self.now, self.may_reach)

    def changed(self, _domain: UUID | None = None) -> None:
        """Hear that rows have changed: `fresh` reads them anew."""
        self._stale = True
        self.on_change()

    async def fresh(self) -> None:
        """Read everything anew if something has changed."""
        async with self._reading:
            if not self._stale:
                return
            self._stale = False
            try:
                async with self.storage.read() as session:
                    rows = await read_rows(session)
            except BaseException:
                self._stale = True
                raise
            self.take(rows)

    def take(self, rows: Rows) -> None:
        """Take these trunks for what there is; targets that stay keep their health."""
        trunks = [*rows.trunks, *([self.simulated] if self.simulated else [])]
        self.by_uuid = {trunk.uuid: trunk for trunk in trunks}
        self._logins = {login.username: login for login in rows.logins}
        self._switches = rows.switches
        places = {(trunk.uuid, target) for trunk in trunks for target in trunk.targets}
        known = self._health
        self._health = {place: known.get(place) or Health() for place in places}
        self._outlets = {}
        for trunk in rows.trunks:
            for route in trunk.routes:
                self._outlets.setdefault(route.prefix, []).append(_Outlet(trunk, route))
        self._index()
        self.on_change()

    def located(self, found: Located) -> None:
        """Learn where the names lead."""
        self._places.learn(found)
        self._index()

    @property
    def known(self) -> Located:
        """Where names lead, as far as that is known."""
        return self._places.located

    @property
    def names(self) -> frozenset[str]:
        """The URIs whose servers are to be found."""
        targets = (each for trunk in self.by_uuid.values() for each in trunk.targets)
        return names_of(targets, (host for each in self._switches for host in each.hosts))

    def ways_to_connection(self, connection_uuid: UUID, called: str = "") -> list[Way]:
        """Give the ways to a connection, best first; none if it is not active."""
        trunk = self.by_uuid.get(connection_uuid)
        if trunk is None or trunk.kind is not TrunkKind.CONNECTION:
            return []
        return self._usable([self._ways(trunk, called)])

    def why_no_way(self, connection_uuid: UUID) -> str | None:
        """Say why an active connection is not called, if it is for where its targets are."""
        trunk = self.by_uuid.get(connection_uuid)
        return self.why_not(trunk, trunk.targets[0]) if trunk else None

    def why_not(self, trunk: Trunk, target: TrunkTarget) -> str:
        """Say why nothing can be sent to a target that has no destinations."""
        return self._places.why_not(trunk, target)

    def ways_out(self, product_id: int | None, number_e164: str) -> list[Way]:
        """Give the ways to a number of the telephone network, best first.

        Carriers with the longest prefix come first, then by their routes' priority.
        """
        digits = number_e164.lstrip("+")
        carriers = [each.trunk for each in self._carrying(product_id, digits)]
        if self.simulated and (not self._outlets or FICTIONAL.fullmatch(digits)):
            carriers = [self.simulated]
        return self._usable([self._ways(trunk, f"+{digits}") for trunk in carriers])

    def told(self, way: Way, status: int | None) -> None:
        """Hear what came of a call by this way: its final status, None for silence."""
        self.answered(way.destination, status)
        self.heard(way.trunk_uuid, way.target, status, by="a call")

    def answered(self, address: Address | None, status: int | None) -> None:
        """Hear a final answer of one server of a target, None for silence."""
        self._places.told(address, status)

    def heard(self, trunk: UUID, target: TrunkTarget, status: int | None, *, by: str) -> None:
        """Hear a final answer of a target, None for silence."""
        health = self._health.get((trunk, target))
        turned = health.told(status, self.now(), by=by) if health else None
        if turned is not None and (owner := self.by_uuid.get(trunk)):
            self.on_turn(owner, target, turned)

    def caller_of(self, source: Address, called: str = "", domain: str = "") -> TrunkCaller | None:
        """Tell who calls `called@domain` from there, None for a stranger; never waits."""
        return self._callers.of(source, called, domain)

    def login(self, username: str) -> Login | None:
        """Find who logs in by this name."""
        return self._logins.get(username)

    @property
    def login_count(self) -> int:
        """How many trunks may log in."""
        return len(self._logins)

    @property
    def has_logins(self) -> bool:
        """Whether any trunk may log in."""
        return bool(self._logins)

    def health(self, trunk: UUID, target: TrunkTarget) -> Health:
        """Tell how a target is; one that is not there was never asked."""
        return self._health.get((trunk, target)) or Health()

    def _carrying(self, product: int | None, digits: str) -> list[_Outlet]:
        found: dict[UUID, _Outlet] = {}
        for length in range(min(len(digits), LONGEST_PREFIX), -1, -1):
            here = [
                each
                for each in self._outlets.get(digits[:length], ())
                if each.route.product in {None, product}
            ]
            # A route for this very product before one for any.
            here.sort(key=lambda each: (each.route.product is None, each.route.priority))
            for each in here:
                found.setdefault(each.trunk.uuid, each)
        return [*found.values()]

    def _ways(self, trunk: Trunk, user: str) -> list[Way]:
        targets = trunk.targets if len(trunk.targets) == 1 else ordered(trunk.targets, self.draw)
        return [
            self._way(trunk, target, user, destination)
            for target in targets
            for destination in self.destinations(trunk, target) or self._unknown(target)
        ]

    def _unknown(self, target: TrunkTarget) -> tuple[None, ...]:
        """Let calls to a name that is not located fail at once; there may be another target."""
        return () if self._places.of(target) else (None,)

    def _way(
        self, trunk: Trunk, target: TrunkTarget, user: str, destination: Address | None
    ) -> Way:
        return Way(
            target.uri(user),
            destination,
            trunk.credentials,
            (),
            trunk.name,
            trunk.uuid,
            trunk.keep_identity,
            target,
        )

    def destinations(self, trunk: Trunk, target: TrunkTarget) -> tuple[Address, ...]:
        """Tell where a target's requests may go, in the order to try (RFC 3263 4.3)."""
        return self._places.in_order(self._destinations.get((trunk.uuid, target), ()))

    def _usable(self, ways: Iterable[list[Way]]) -> list[Way]:
        every = [way for some in ways for way in some]
        up = [way for way in every if self._health[way.trunk_uuid, way.target].usable]
        # With all of them down, an attempt costs less than giving up.
        return up or every

    def _index(self) -> None:
        self._destinations = {
            (trunk.uuid, target): self._places.open_to(trunk, target)
            for trunk in self.by_uuid.values()
            for target in trunk.targets
        }
        sources = [
            self._source(trunk, trunk.caller) for trunk in self.by_uuid.values() if trunk.caller
        ]
        switches = [
            replace(
                each,
                networks=(
                    *each.networks,
                    *(a for h in each.hosts for a in self._places.of_host(h)),
                ),
            )
            for each in self._switches
        ]
        self._callers = TrunkCallers(
            [*sources, *switches], first=self.guests.first, last=self.guests.last
        )

    def _source(self, trunk: Trunk, caller: TrunkCaller) -> Source:
        places = tuple(
            (address.host, address.port)
            for target in trunk.targets
            for address in self._places.of(target)
        )
        return Source(caller, places, trunk.networks)
