"""Who a source is to the guard: one address of IPv4, one /64 of IPv6, or a network of the list.

Whoever has one IPv6 address has its /64: bans of single ones would be walked around.
"""

from collections.abc import Iterable
from enum import Enum, auto
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

Network = IPv4Network | IPv6Network
IPV6_PREFIX = 64
# What may be banned at once: a slip of the hand must not shut out half of the world.
WIDEST = {4: 8, 6: 19}


class Standing(Enum):
    """How a source is treated."""

    SPARED = auto()  # carriers, the operator's networks: counted, never stopped
    KNOWN = auto()  # phones are registered from there, or a customer's trunk is
    STRANGER = auto()


def place_of(host: str) -> str:
    """Name what is banned when this host is: the address, or its /64. ValueError if it is none."""
    address = ip_address(host.partition("%")[0])
    mapped = getattr(address, "ipv4_mapped", None)
    if mapped is not None:
        return str(mapped)
    if address.version == 4:  # noqa: PLR2004 - of IP
        return str(address)
    return str(ip_network((address, IPV6_PREFIX), strict=False))


def read_place(text: str) -> str:
    """Read an address or a network that somebody wrote, as `place_of` would write it.

    Raises ValueError for what is neither, or is wider than anybody means.
    """
    network = ip_network(text.strip(), strict=False)
    if network.prefixlen < WIDEST[network.version]:
        raise ValueError(f"wider than a /{WIDEST[network.version]}")
    if network.num_addresses > 1:
        return str(network)
    return place_of(str(network.network_address))


class Networks:
    """A set of networks, asked by host."""

    def __init__(self, texts: Iterable[str] = ()) -> None:
        self._networks: tuple[Network, ...] = tuple(ip_network(each) for each in texts)

    def __bool__(self) -> bool:
        return bool(self._networks)

    def __contains__(self, host: str) -> bool:
        address = ip_address(host.partition("%")[0])
        mapped = getattr(address, "ipv4_mapped", None) or address
        return any(mapped in network for network in self._networks)
