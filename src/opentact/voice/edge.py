"""Where this node takes calls, and from which networks."""

from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_address

from .sip.machine import Address
from .trunk_ways import TrunkCaller, TrunkKind


@dataclass(frozen=True, slots=True)
class Edge:
    """Where this node takes calls: its name, its media address, and whom it listens to.

    `names` are hosts that are this node, as callers may write them.
    """

    node: str
    media_host: str
    carriers: tuple[IPv4Network | IPv6Network, ...]
    names: frozenset[str] = frozenset()

    def caller_of(self, source: Address, called: str = "", domain: str = "") -> TrunkCaller | None:
        """Take who calls from the carriers' networks for a carrier."""
        del called, domain
        known = _is_within(source[0], self.carriers)
        return TrunkCaller(TrunkKind.CARRIER, "carriers") if known else None


@lru_cache(maxsize=1024)
def _is_within(address: str, networks: tuple[IPv4Network | IPv6Network, ...]) -> bool:
    """Carriers call from few addresses, and to read one anew is a twentieth of a call's cost."""
    source = ip_address(address.split("%", 1)[0])
    return any(source in network for network in networks)
