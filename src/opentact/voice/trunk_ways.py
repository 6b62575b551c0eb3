"""Ways that a call can take to another network: each target of a trunk, in the order to try.

Targets are ordered as RFC 2782 orders the hosts of a service: the lowest priority first, and
among equals by chance, in proportion to their weights. What is known to be down comes only when
nothing else is left.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from uuid import UUID

from .sip.digest import Credentials
from .sip.machine import Address

FIRST_PRIORITY = 0  # of the target that a connection's own ip or hostname and port are
USUAL_PRIORITY = 10  # of a listed target that says none: it stands in for the first
USUAL_WEIGHT = 100

Draw = Callable[[int], int]
"""Give a random number from 0 up to, but not including, the given one."""


class TrunkKind(StrEnum):
    """What a trunk is: the operator's carrier, a customer's connection, or a switch."""

    CARRIER = "carrier"
    CONNECTION = "connection"
    SWITCH = "switch"


class Transport(StrEnum):
    """How a target is reached."""

    UDP = "udp"
    TCP = "tcp"
    TLS = "tls"


@dataclass(frozen=True, slots=True)
class TrunkTarget:
    """A place that takes a trunk's calls. `host` is an address or a name.

    A name without a port stands for the servers that its domain names (RFC 3263), by whatever
    transport it says when ours is the usual one.
    """

    host: str
    port: int | None
    transport: Transport = Transport.UDP
    priority: int = USUAL_PRIORITY
    weight: int = USUAL_WEIGHT

    @classmethod
    def read(cls, stored: Mapping[str, Any]) -> "TrunkTarget":
        """Read a target as a row keeps it."""
        return cls(
            stored["host"],
            stored.get("port"),
            Transport(stored.get("transport", Transport.UDP)),
            stored.get("priority", USUAL_PRIORITY),
            stored.get("weight", USUAL_WEIGHT),
        )

    @property
    def place(self) -> str:
        """The host and port as a URI writes them."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port is None else f"{host}:{self.port}"

    def uri(self, user: str = "") -> str:
        """Name the user at this target."""
        at = f"{user}@{self.place}" if user else self.place
        over = "" if self.transport is Transport.UDP else f";transport={self.transport.value}"
        return f"sip:{at}{over}"

    def __str__(self) -> str:
        return f"{self.transport.value}:{self.place}"


@dataclass(frozen=True, slots=True)
class Way:
    """One way for one call. Tell `Trunks.told` what came of it.

    `destination` is None while a name is not resolved. `keep_identity`: the far end is trusted
    with the caller's identity, also when the caller withholds it (RFC 3325).
    """

    uri: str
    destination: Address | None
    credentials: Credentials | None
    headers: tuple[tuple[str, str], ...]
    name: str
    trunk_uuid: UUID
    keep_identity: bool
    target: TrunkTarget

    def towards(self, user: str) -> "Way":
        """Take the same way to another user."""
        return Way(
            self.target.uri(user),
            self.destination,
            self.credentials,
            self.headers,
            self.name,
            self.trunk_uuid,
            self.keep_identity,
            self.target,
        )


@dataclass(frozen=True, slots=True)
class TrunkCaller:
    """Who sends calls from an address.

    A carrier has no account, and delivers calls to numbers. A connection or a switch is its
    account's; `domain` is a switch's, `profile` a connection's outbound voice profile, and
    `media` how its media is to pass. `uuid` is None for networks of the `carriers` setting.
    """

    kind: TrunkKind
    name: str
    uuid: UUID | None = None
    account: UUID | None = None
    profile: UUID | None = None
    domain: str | None = None
    tech_prefix: int | None = None
    media: str = "Proxy Media"

    def number_of(self, called: str) -> str:
        """Take the caller's own technology prefix off a dialled number."""
        return called.removeprefix(str(self.tech_prefix)) if self.marks(called) else called

    def marks(self, called: str) -> bool:
        """Tell whether the dialled number begins with the caller's technology prefix."""
        return self.tech_prefix is not None and called.startswith(str(self.tech_prefix))


@dataclass(frozen=True, slots=True)
class Route:
    """Numbers that a carrier carries: those with the prefix, of the product or of any."""

    prefix: str = ""
    priority: int = USUAL_PRIORITY
    product: int | None = None

    @classmethod
    def read(cls, stored: Mapping[str, Any]) -> "Route":
        """Read a route as a row keeps it."""
        return cls(
            stored.get("prefix", ""),
            stored.get("priority", USUAL_PRIORITY),
            stored.get("product"),
        )


@dataclass(frozen=True, slots=True)
class Trunk:
    """A carrier or a connection as calls need it: a row, read."""

    kind: TrunkKind
    uuid: UUID
    name: str
    targets: tuple[TrunkTarget, ...]
    account: UUID | None = None
    credentials: Credentials | None = None
    register: bool = False
    expires: int = 3600
    options_interval: int = 0
    keep_identity: bool = False
    routes: tuple[Route, ...] = ()
    networks: tuple[str, ...] = ()
    caller: TrunkCaller | None = field(default=None)


def ordered(targets: Iterable[TrunkTarget], draw: Draw) -> list[TrunkTarget]:
    """Put targets in the order in which this call tries them (RFC 2782, "Weight")."""
    levels: dict[int, list[TrunkTarget]] = {}
    for target in targets:
        levels.setdefault(target.priority, []).append(target)
    return [one for priority in sorted(levels) for one in _drawn(levels[priority], draw)]


def _drawn(level: Sequence[TrunkTarget], draw: Draw) -> list[TrunkTarget]:
    if len(level) == 1:
        return [*level]
    # Those of weight 0 first: the sum reaches them only when nothing else is drawn.
    left, drawn = sorted(level, key=lambda target: target.weight > 0), []
    while left:
        mark, at = draw(sum(target.weight for target in left) + 1), 0
        for at, target in enumerate(left):  # noqa: B007 - the place is what is looked for
            mark -= target.weight
            if mark <= 0:
                break
        drawn.append(left.pop(at))
    return drawn
