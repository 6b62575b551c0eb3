"""Where messages go: responses by their Via, requests by route set and target.

RFC 3261 sections 8.1.2, 12.2.1.1, 18.1.1 and 18.2.2. Names are not looked up here (`locating`
does that): a URI whose host is no address leads nowhere, and the caller falls back to the peer.
"""

from dataclasses import dataclass
from functools import lru_cache
from ipaddress import ip_address, ip_network

from opentact.voice.sip.headers import DEFAULT_PORT, NameAddr, Via
from opentact.voice.sip.machine import Address
from opentact.voice.sip.uri import SipUri

# Transports as URIs name them, and the port each has when none is said (RFC 3261 19.1.2,
# RFC 7118 section 5.1: that of the web).
DEFAULT_PORTS = {"udp": DEFAULT_PORT, "tcp": DEFAULT_PORT, "tls": 5061, "ws": 80, "wss": 443}
# What `sips:` makes of a transport (RFC 3261 26.2.2, RFC 7118 5.3).
_SECURED = {"udp": "tls", "tcp": "tls", "ws": "wss"}

_NEARBY = tuple(
    ip_network(each) for each in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10")
)
_NEARBY_6 = ip_network("fc00::/7")


@dataclass(frozen=True, slots=True)
class Identity:
    """What we call ourselves: in Via, Contact, User-Agent and Server."""

    host: str
    port: int
    product: str = "opentact"

    @property
    def place(self) -> str:
        """Host and port as they stand in Via and Contact."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def contact(self) -> str:
        return f"<sip:{self.place}>"

    @property
    def secure_contact(self) -> str:
        return f"<sips:{self.place}>"

    def via(self, branch: str) -> str:
        """Our Via; it asks for the port that a NAT made of ours (RFC 3581)."""
        return f"SIP/2.0/UDP {self.place};branch={branch};rport"


def carried_by(data: bytes, ours: Identity, transport: str, port: int | None) -> bytes:
    """Rewrite a message of ours for the transport that carries it (RFC 3261 18.1.1).

    Everything is written as for UDP; which transport takes it is known last. `port` is where
    we listen by that transport; None when we do not, and then Contact stays as it is.
    """
    place = ours.place.encode()
    there = place if port is None else Identity(ours.host, port).place.encode()
    if not data.startswith(b"SIP/2.0 "):
        sent_by = b"SIP/2.0/%s %s;" % (transport.upper().encode(), there)
        data = data.replace(b"SIP/2.0/UDP %s;" % place, sent_by, 1)
    start = data.find(b"\r\nContact: ", 0, data.find(b"\r\n\r\n"))
    if port is None or start < 0:
        return data
    end = data.index(b"\r\n", start + 2)
    named = b"%s;transport=%s" % (there, transport.encode())
    return data[:start] + data[start:end].replace(place, named, 1) + data[end:]


def reply_address(via: Via, source: Address) -> Address:
    """Where a response goes (RFC 3261 18.2.2, RFC 3581 section 4).

    By the connection the request came on, while that is open; its host and the port of Via
    are for when it is not. Over UDP, `maddr` is followed to a single host only: answering a
    multicast group would let one datagram reach many.
    """
    if source.is_reliable:
        return source._replace(port=via.port or DEFAULT_PORTS[source.transport])
    maddr = via.param("maddr")
    if maddr and (host := _literal(maddr)) and not ip_address(host).is_multicast:
        return Address(host, via.port or DEFAULT_PORT)
    if via.param("rport") is not None:
        return source
    return Address(source[0], via.port or DEFAULT_PORT)


@lru_cache(maxsize=1024)
def address_of(uri: str) -> Address | None:
    """Where a request to this URI goes, if its host is an address; else None.

    Also None for a transport that nobody here speaks, like `sctp`.
    """
    try:
        parsed = SipUri.parse(uri)
    except ValueError:
        return None
    transport = transport_of(parsed) or "udp"
    host = _literal(parsed.param("maddr") or parsed.host)
    if host is None or transport not in DEFAULT_PORTS:
        return None
    return Address(host, parsed.port or DEFAULT_PORTS[transport], transport)


def transport_of(uri: SipUri) -> str | None:
    """Name the transport a URI asks for, in lower case; None when it leaves it open."""
    named = (uri.param("transport") or "").lower()
    if uri.scheme == "sips":
        return _SECURED.get(named or "tcp", named)
    return named or None


def way_to(uri: str, peer: Address, hidden: str | None = None) -> Address:
    """Where a request within a dialog goes, `peer` being where its messages came from.

    That is where the URI leads, but for a peer behind a NAT, whose URI leads nowhere: its
    host is a name (`.invalid` of RFC 7118 among them), is the `hidden` one that its Via named
    while its messages came from elsewhere, or is of a network nearer than the peer itself.
    A connection that the peer keeps open is used in any case (RFC 5923).
    """
    target = address_of(uri)
    if target is None or target.host == hidden or _reach(target.host) < _reach(peer.host):
        return peer
    if peer.is_reliable and target.host == peer.host:
        return peer._replace(port=target.port)
    return target


def hidden_host(via: Via) -> str | None:
    """Read the host that a peer behind a NAT believes to be its own; None when it is right.

    From its Via, after `Via.came_from`.
    """
    received = via.param("received")
    return via.host.strip("[]") if received and received != via.host else None


@lru_cache(maxsize=1024)
def _reach(host: str) -> int:
    """Grade from how far an address can be reached: 0 this machine ... 3 everywhere."""
    address = ip_address(host)
    if address.is_loopback or address.is_unspecified:
        return 0
    if address.is_link_local:
        return 1
    networks = _NEARBY if address.version == 4 else (_NEARBY_6,)  # noqa: PLR2004
    return 2 if any(address in network for network in networks) else 3


def next_hop(target: str, routes: tuple[str, ...]) -> tuple[str, tuple[str, ...], str]:
    """Apply a route set: (Request-URI, Route values, URI to send to), RFC 3261 12.2.1.1."""
    if not routes:
        return target, (), target
    first = NameAddr.parse(routes[0]).uri
    try:
        loose = SipUri.parse(first).param("lr") is not None
    except ValueError:
        loose = True
    if loose:
        return target, routes, first
    # A strict router (RFC 2543) wants to find itself in the Request-URI.
    return first, (*routes[1:], f"<{target}>"), first


# The same peers again and again, and reading an address costs as much as a header.
@lru_cache(maxsize=1024)
def _literal(host: str) -> str | None:
    host = host.strip("[]")
    if host.lower() == "localhost":
        return "127.0.0.1"
    try:
        return str(ip_address(host))
    except ValueError:
        return None
