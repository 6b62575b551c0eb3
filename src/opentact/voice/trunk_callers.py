"""Who calls from an address: an index in memory, asked once per call.

The operator's carriers come before customers' connections and switches, so that no customer can
claim a carrier's calls by writing down its address. Among several customers behind one address,
the technology prefix of the dialled number, or the domain called, tells who calls.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from .sip.machine import Address
from .trunk_ways import TrunkCaller, TrunkKind

Network = IPv4Network | IPv6Network
# Hosts remembered: a flood from forged addresses must not fill the memory.
MOST_REMEMBERED = 4096


@dataclass(frozen=True, slots=True)
class Source:
    """What a caller may call from: places (host, port) and networks.

    `hosts` are names, whose addresses whoever makes the index puts among the networks.
    """

    caller: TrunkCaller
    places: tuple[tuple[str, int], ...] = ()
    networks: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()


class TrunkCallers:
    """The index. `first` are networks of an unnamed carrier before all, `last` after all."""

    def __init__(
        self, sources: Iterable[Source], *, first: Sequence[str] = (), last: Sequence[str] = ()
    ) -> None:
        every = [*sources]
        ours = [each for each in every if each.caller.kind is TrunkKind.CARRIER]
        theirs = [each for each in every if each.caller.kind is not TrunkKind.CARRIER]
        unnamed = TrunkCaller(TrunkKind.CARRIER, "carriers")
        self._tiers = (
            _Tier([*ours, Source(unnamed, networks=tuple(first))]),
            _Tier(theirs),
            _Tier([Source(unnamed, networks=tuple(last))]),
        )

    def of(self, source: Address, called: str = "", domain: str = "") -> TrunkCaller | None:
        """Tell who sends a call to `called@domain` from there; None for a stranger."""
        for tier in self._tiers:
            if found := tier.at(source[0], source[1]):
                return _one_of(found, called, domain)
        return None


class _Tier:
    def __init__(self, sources: Iterable[Source]) -> None:
        self._places: dict[tuple[str, int], list[TrunkCaller]] = {}
        self._networks: list[tuple[Network, TrunkCaller]] = []
        self._known: dict[str, tuple[TrunkCaller, ...]] = {}
        for source in sources:
            for host, port in source.places:
                self._places.setdefault((host, port), []).append(source.caller)
                # Peers call from other ports than they listen on. This machine is the exception:
                # everything on it has one address, and only the port tells one from another.
                if not ip_address(host).is_loopback:
                    self._networks.append((ip_network(host), source.caller))
            self._networks += [(ip_network(each), source.caller) for each in source.networks]
        # Stable: what was written first stays first among the equally narrow.
        self._networks.sort(key=lambda entry: entry[0].prefixlen, reverse=True)

    def at(self, host: str, port: int) -> Sequence[TrunkCaller]:
        exact = self._places.get((host, port))
        return exact or self._within(host)

    def _within(self, host: str) -> tuple[TrunkCaller, ...]:
        known = self._known.get(host)
        if known is None:
            if len(self._known) >= MOST_REMEMBERED:
                self._known.clear()
            known = self._known[host] = self._look(host)
        return known

    def _look(self, host: str) -> tuple[TrunkCaller, ...]:
        if not self._networks:
            return ()
        address = ip_address(host.split("%", 1)[0])
        # Each once: a trunk may name its own target's address as a network as well.
        return tuple(dict.fromkeys(who for net, who in self._networks if address in net))


def _one_of(found: Sequence[TrunkCaller], called: str, domain: str) -> TrunkCaller | None:
    if len(found) == 1:
        return found[0]
    for caller in found:
        if caller.marks(called) or (domain and caller.domain == domain.lower()):
            return caller
    # With neither, nobody can tell two accounts behind one address apart.
    return found[0] if len({caller.account for caller in found}) == 1 else None
