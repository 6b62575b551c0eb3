"""Where messages go: responses by their Via, requests by route set and target.

RFC 3261 sections 8.1.2, 12.2.1.1 and 18.2.2. Names are not looked up here (RFC 3263 needs a
resolver): a URI whose host is no address leads nowhere, and the caller falls back to the peer.
"""

from dataclasses import dataclass
from ipaddress import ip_address

from opentact.voice.sip.headers import DEFAULT_PORT, NameAddr, Via
from opentact.voice.sip.machine import Address
from opentact.voice.sip.uri import SipUri


@dataclass(frozen=True, slots=True)
class Identity:
    """What we call ourselves: in Via, Contact, User-Agent and Server."""

    host: str
    port: int
    product: str = "opentact"

    @property
    def _place(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def contact(self) -> str:
        return f"<sip:{self._place}>"

    def via(self, branch: str) -> str:
        """Our Via; it asks for the port that a NAT made of ours (RFC 3581)."""
        return f"SIP/2.0/UDP {self._place};branch={branch};rport"


def reply_address(via: Via, source: Address) -> Address:
    """Where a response goes over UDP (RFC 3261 18.2.2, RFC 3581 section 4).

    `maddr` is followed to a single host only: answering a multicast group would let one
    datagram reach many.
    """
    maddr = via.param("maddr")
    if maddr and (host := _literal(maddr)) and not ip_address(host).is_multicast:
        return Address(host, via.port or DEFAULT_PORT)
    if via.param("rport") is not None:
        return source
    return Address(source[0], via.port or DEFAULT_PORT)


def address_of(uri: str) -> Address | None:
    """Where a request to this URI goes, if its host is an address; else None."""
    try:
        parsed = SipUri.parse(uri)
    except ValueError:
        return None
    host = _literal(parsed.param("maddr") or parsed.host)
    return None if host is None else Address(host, parsed.port or DEFAULT_PORT)


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


def _literal(host: str) -> str | None:
    host = host.strip("[]")
    if host.lower() == "localhost":
        return "127.0.0.1"
    try:
        return str(ip_address(host))
    except ValueError:
        return None
