"""Which addresses customers may make us connect to.

Everything that is not plainly the public internet is refused: the request comes from inside
the operator's network and would otherwise carry a stranger's hand in there (SSRF). IPv6
addresses that stand for an IPv4 address are judged by that one too.
"""

import re
from collections.abc import Iterable
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)

from .faults import FetchRefused

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

LOOPBACK = ("127.0.0.0/8", "::1/128")
"""What the embedded install allows: a customer's own web server on the same machine."""

_NOT_PUBLIC = tuple(
    ip_network(block)
    for block in (
        # What `is_global` of Python 3.11 still takes for public.
        "168.63.129.16/32",  # Azure's metadata and DNS address
        "192.0.0.0/24",  # RFC 6890; 192.0.0.192 is Oracle's metadata address
        "192.88.99.0/24",  # 6to4 relays, RFC 7526
        "::/96",  # IPv4-compatible, RFC 4291 2.5.5.1
        "64:ff9b:1::/48",  # local NAT64, RFC 8215
        "2001::/32",  # Teredo, RFC 4380
        "2002::/16",  # 6to4, RFC 7526
        "3fff::/20",  # documentation, RFC 9637
        "5f00::/16",  # segment routing, RFC 9602
        "fec0::/10",  # site-local, RFC 3879
    )
)
_NAT64 = IPv6Network("64:ff9b::/96")

_NAME = re.compile(r"(?=.{1,253}$)(?!-)[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*", re.IGNORECASE)
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*", re.IGNORECASE)


class Guard:
    """Says which addresses may be asked; `allow_networks` are exceptions, in CIDR notation."""

    def __init__(self, allow_networks: Iterable[str] = LOOPBACK) -> None:
        self._allowed: tuple[Network, ...] = tuple(map(ip_network, allow_networks))

    def check_host(self, host: str) -> None:
        """Refuse what no DNS name looks like, and addresses we do not ask.

        A name is only known once it is resolved: then `check` decides. Raises `FetchRefused`.
        """
        if ":" in host:
            self.check(_literal(host), host)
        elif _NUMBER.fullmatch(host.rstrip(".").rsplit(".", 1)[-1]):
            # The rule of the WHATWG URL standard, "ends in a number": decimal, octal, hex and
            # shortened spellings of an IPv4 address are all refused but the usual one.
            self.check(_literal(host), host)
        elif not _NAME.fullmatch(host.removesuffix(".")):
            raise FetchRefused(f"{host[:80]!r} is not a host name")

    def check(self, address: Address, host: str) -> None:
        """Refuse the address that `host` stands for, unless it is public or allowed."""
        for meant in _meant(address):
            if not self._may_ask(meant):
                seen = "" if str(address) == host else f" ({address})"
                raise FetchRefused(f"{host}{seen} is not a public address")

    def _may_ask(self, address: Address) -> bool:
        if any(address in network for network in self._allowed):
            return True
        if any(address in network for network in _NOT_PUBLIC):
            return False
        # NAT64 counts as reserved; `_meant` has us judge the address inside as well.
        reserved = address.is_reserved and address not in _NAT64
        return address.is_global and not address.is_multicast and not reserved


def _literal(host: str) -> Address:
    try:
        address = ip_address(host)
    except ValueError:
        raise FetchRefused(f"{host[:80]!r} is no usual way to write an address") from None
    if isinstance(address, IPv6Address) and address.scope_id:
        raise FetchRefused(f"{host[:80]!r} names a network interface")
    return address


def _meant(address: Address) -> tuple[Address, ...]:
    """Tell all addresses that a packet to this one might reach."""
    if isinstance(address, IPv4Address):
        return (address,)
    if address.ipv4_mapped:
        return (address.ipv4_mapped,)
    if address in _NAT64:
        return (address, IPv4Address(int(address) & 0xFFFFFFFF))
    return (address,)
