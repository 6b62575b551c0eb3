"""Finding the servers of a SIP URI: RFC 3263, with weights as in RFC 2782.

`locate` is a generator: it yields what it wants looked up, is sent what was found, and returns
the addresses in the order in which they are to be tried. Lookups, caching and the drawing of
lots belong to whoever drives it.
"""

from collections.abc import Callable, Collection, Generator, Sequence
from dataclasses import dataclass
from enum import Enum

from opentact.voice.sip.machine import Address
from opentact.voice.sip.routing import DEFAULT_PORTS, address_of, transport_of
from opentact.voice.sip.uri import SipUri

# A zone may list as many servers as it likes; a call will not try more than these.
MAX_SERVERS = 16
MAX_ADDRESSES = 16

# NAPTR services (RFC 3263 4.1) and the transport each stands for.
_SERVICES = {"SIP+D2U": "udp", "SIP+D2T": "tcp", "SIPS+D2T": "tls"}
# Names that SRV records have, and the order of transports where a zone has no opinion.
_PREFIXES = {"udp": "_sip._udp.", "tcp": "_sip._tcp.", "tls": "_sips._tcp."}


class Kind(Enum):
    NAPTR = "NAPTR"
    SRV = "SRV"
    HOST = "HOST"  # A and AAAA


@dataclass(frozen=True, slots=True)
class Query:
    """To be answered with what was found; with nothing when the name does not exist."""

    kind: Kind
    name: str


@dataclass(frozen=True, slots=True)
class Naptr:
    order: int
    preference: int
    flags: str
    service: str
    replacement: str


@dataclass(frozen=True, slots=True)
class Srv:
    priority: int
    weight: int
    port: int
    target: str


Found = Sequence[Naptr] | Sequence[Srv] | Sequence[str]
"""Answers: records, or addresses for HOST."""

Search = Generator[Query, Found, list[Address]]
Draw = Callable[[int], int]
"""Gives a number from 0 up to and including its argument, each as likely as the others."""


def locate(text: str, speaks: Collection[str], draw: Draw) -> Search:
    """Find where to send a request for this URI, best first; nowhere is an empty list.

    `speaks` are the transports we can use. Raises ValueError when it is no SIP URI.
    """
    uri = SipUri.parse(text)
    literal = address_of(text)
    if literal is not None:
        return [literal] if literal.transport in speaks else []
    name = uri.param("maddr") or uri.host
    wanted = transport_of(uri)
    usable = [each for each in _PREFIXES if each in speaks]
    if uri.scheme == "sips":
        usable = [each for each in usable if each == "tls"]
    if wanted is not None:
        usable = [each for each in usable if each == wanted]
    if not usable:
        return []
    if uri.port is not None:
        return (yield from _addresses(name, uri.port, usable[0], name))[:MAX_ADDRESSES]
    places = yield from _services(name, usable, ask_naptr=wanted is None)
    found: list[Address] = []
    for transport, server in places:
        records = yield Query(Kind.SRV, server)
        for record in weighed(records, draw):
            found += yield from _addresses(record.target, record.port, transport, name)
            if len(found) >= MAX_ADDRESSES:
                return found[:MAX_ADDRESSES]
    if found:
        return found
    first = usable[0]
    return (yield from _addresses(name, DEFAULT_PORTS[first], first, name))[:MAX_ADDRESSES]


def weighed(records: Found, draw: Draw) -> list[Srv]:
    """Put SRV records in order: by priority, and among equals by lot, heavier ones likelier.

    A target of "." says that there is no such service (RFC 2782).
    """
    left = [each for each in records if isinstance(each, Srv) and each.target.strip(".")]
    left = sorted(left, key=lambda each: (each.priority, each.weight))[:MAX_SERVERS]
    order: list[Srv] = []
    while left:
        equals = [each for each in left if each.priority == left[0].priority]
        lot = draw(sum(each.weight for each in equals))
        for each in equals:
            lot -= each.weight
            if lot <= 0:
                order.append(each)
                left.remove(each)
                break
    return order


def _services(
    name: str, usable: list[str], *, ask_naptr: bool
) -> Generator[Query, Found, list[tuple[str, str]]]:
    """Find by which transports, and under which names of SRV records, the domain is served."""
    if ask_naptr:
        records = yield Query(Kind.NAPTR, name)
        offered = sorted(
            (each for each in records if isinstance(each, Naptr) and each.flags.lower() == "s"),
            key=lambda each: (each.order, each.preference),
        )
        told = [
            (transport, each.replacement)
            for each in offered[:MAX_SERVERS]
            if (transport := _SERVICES.get(each.service.upper())) in usable and transport
        ]
        if told:
            return told
    return [(transport, _PREFIXES[transport] + name) for transport in usable]


def _addresses(
    host: str, port: int, transport: str, name: str
) -> Generator[Query, Found, list[Address]]:
    """Look up a host. The certificate must be for the domain asked for (RFC 5922 section 4)."""
    found = yield Query(Kind.HOST, host.rstrip("."))
    named = name if transport == "tls" else ""
    return [Address(each, port, transport, 0, named) for each in found if isinstance(each, str)]
