"""Where the targets of trunks are: located by name, held against what may be reached, in order.

A target is where the servers of its domain are (RFC 3263); the one that failed a call lately is
tried after the others. What customers name may not lead into the operator's own networks: they
would have us knock on doors there.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address

from .sip.machine import Address
from .sip.routing import DEFAULT_PORTS
from .trunk_ways import Trunk, TrunkKind, TrunkTarget

Located = Mapping[str, tuple[Address, ...]]
"""Where URIs of targets lead, the best first."""

MOST_SERVERS = 4
"""Addresses of one target that a call tries: each may cost seconds of silence."""
AVOID_S = 60.0
NO_ANSWER = 408
UNAVAILABLE = 503


@dataclass(slots=True)
class Places:
    """`may_reach` tells whether customers may have us send to an address."""

    now: Callable[[], float]
    may_reach: Callable[[str], bool] = lambda _host: True
    _located: Located = field(default_factory=dict)
    _avoided: dict[Address, float] = field(default_factory=dict)

    @property
    def located(self) -> Located:
        """What is known of names."""
        return self._located

    def learn(self, located: Located) -> None:
        """Take this for where names lead now."""
        self._located = located
        known = {address for addresses in located.values() for address in addresses}
        self._avoided = {each: at for each, at in self._avoided.items() if each in known}

    def of(self, target: TrunkTarget) -> tuple[Address, ...]:
        """Tell all addresses of a target; none while its name is not located."""
        if is_address(target.host):
            transport = target.transport.value
            return (Address(target.host, target.port or DEFAULT_PORTS[transport], transport),)
        return self._located.get(target.uri(), ())

    def open_to(self, trunk: Trunk, target: TrunkTarget) -> tuple[Address, ...]:
        """Tell those addresses that calls of this trunk may be sent to."""
        known = self.of(target)
        if trunk.kind is not TrunkKind.CARRIER:
            known = tuple(each for each in known if self.may_reach(each.host))
        return known[:MOST_SERVERS]

    def in_order(self, addresses: tuple[Address, ...]) -> tuple[Address, ...]:
        """Put those last that failed a moment ago."""
        if not self._avoided or len(addresses) < 2:  # noqa: PLR2004 - nothing to put in order
            return addresses
        now = self.now()
        return tuple(sorted(addresses, key=lambda each: self._avoided.get(each, 0.0) > now))

    def told(self, address: Address | None, status: int | None) -> None:
        """Hear a final status from an address, None for silence (RFC 3263 4.3)."""
        if address is None:
            return
        if status in {None, NO_ANSWER, UNAVAILABLE}:
            if any(address in each for each in self._located.values()):
                self._avoided[address] = self.now() + AVOID_S
        else:
            self._avoided.pop(address, None)

    def why_not(self, trunk: Trunk, target: TrunkTarget) -> str:
        """Say why nothing may be sent to a target of this trunk."""
        closed = [] if self.open_to(trunk, target) else [each.host for each in self.of(target)]
        if not closed:
            return f"{target.host} has no address that is known"
        named = closed[0] if closed[0] == target.host else f"{target.host} ({closed[0]})"
        return f"{named} is no public address, and the setting sip_networks does not name it"

    def of_host(self, host: str) -> tuple[str, ...]:
        """Tell the addresses of a host that calls come from."""
        return tuple(dict.fromkeys(each.host for each in self._located.get(f"sip:{host}", ())))


def names_of(targets: Iterable[TrunkTarget], hosts: Iterable[str]) -> frozenset[str]:
    """Tell which URIs are to be located."""
    named = (each.uri() for each in targets if not is_address(each.host))
    return frozenset([*named, *(f"sip:{host}" for host in hosts if not is_address(host))])


def is_address(host: str) -> bool:
    """Tell an address from a name."""
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
