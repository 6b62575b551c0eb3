"""Dialogs: what two user agents remember of each other (RFC 3261 section 12)."""

from collections.abc import Iterable
from dataclasses import dataclass

from opentact.voice.sip.client_transactions import ClientInvite
from opentact.voice.sip.headers import MAX_CSEQ, NameAddr
from opentact.voice.sip.machine import Address
from opentact.voice.sip.message import Request, Response, encode
from opentact.voice.sip.routing import Identity, address_of, hidden_host, next_hop, way_to

MAX_HOPS = 70  # RFC 3261 8.1.1.6: the recommended start of Max-Forwards

Lines = Iterable[tuple[str, str]]
"""Header lines: names in lower case, values as they go out."""


@dataclass(slots=True)
class Dialog:
    """One side's view. `local` and `remote` are From and To of what we send, tags included.

    `peer` is where the other side was last heard from: the way to a target whose host we
    cannot look up. `hidden` is the host it calls itself by in vain, behind a NAT.
    """

    call_id: str
    local: str
    remote: str
    remote_tag: str | None
    local_cseq: int
    remote_cseq: int | None
    target: str
    routes: tuple[str, ...]
    peer: Address
    hidden: str | None = None

    @classmethod
    def of_callee(cls, request: Request, tag: str, peer: Address) -> "Dialog":
        """Make ours from a request that we may accept (RFC 3261 12.1.1)."""
        sender = request.sender
        return cls(
            call_id=request.call_id,
            local=f"{request.first('to')};tag={tag}",
            remote=request.first("from") or "",
            remote_tag=sender.tag,
            local_cseq=0,
            remote_cseq=request.cseq.number,
            # Only a caller of RFC 2543 has no Contact; it meant its From.
            target=request.contact.uri if request.contact else sender.uri,
            routes=_checked(request.each("record-route")),
            peer=peer,
            hidden=hidden_host(request.via),
        )

    @classmethod
    def of_caller(cls, answer: Response, local: str, target: str, peer: Address) -> "Dialog":
        """Make ours from the answer to our INVITE (RFC 3261 12.1.2).

        `local` is the INVITE's From, `target` its Request-URI, `peer` where it went.
        """
        return cls(
            call_id=answer.call_id,
            local=local,
            remote=answer.first("to") or "",
            remote_tag=answer.recipient.tag,
            local_cseq=answer.cseq.number,
            remote_cseq=None,
            target=answer.contact.uri if answer.contact else target,
            routes=_checked(reversed(answer.each("record-route"))),
            peer=peer,
        )

    def heard(self, request: Request, source: Address) -> bool:
        """Take the number of a request within the dialog; False when it is out of order."""
        number = request.cseq.number
        if self.remote_cseq is not None and number <= self.remote_cseq:
            return False
        self.remote_cseq = number
        self.peer = source
        return True

    def may_come_from(self, source: Address) -> bool:
        """Tell whether a request of the peer may come this way.

        Who holds a connection to us is at its other end, or at that of the one it opened when
        the first broke: the same host, by the same transport. Over UDP the port may change, as
        a NAT changes it, but not the host, unless the peer's Contact or the route set names the
        other one. Whoever learnt the tags of the call and says BYE from elsewhere is not the
        peer (docs/decisions/0115).
        """
        peer = self.peer
        if source.host == peer.host:
            return not peer.flow or source.transport == peer.transport
        return not peer.flow and source.host in self._named()

    def _named(self) -> set[str]:
        """Tell the addresses that the peer has said requests may come from."""
        uris = [self.target, *(NameAddr.parse(route).uri for route in self.routes)]
        return {place.host for place in map(address_of, uris) if place is not None}

    def retarget(self, contact: NameAddr | None) -> None:
        """Follow the peer to where an accepted re-INVITE moves it (RFC 3261 12.2.2)."""
        if contact is not None:
            self.target = contact.uri

    def compose(
        self,
        method: str,
        *,
        branch: str,
        identity: Identity,
        extra: Lines = (),
        number: int | None = None,
        body: bytes = b"",
    ) -> tuple[bytes, Address]:
        """Write a request within the dialog, and say where it goes.

        `number` is given for an ACK: that of its INVITE. Raises ValueError when an extra
        header would break out of its line.
        """
        if number is None:
            number = self._next_number()
        uri, lines, peer = self._head(f"{number} {method}", branch, identity)
        lines += [("to", self.remote), ("user-agent", identity.product), *extra]
        return encode(f"{method} {uri} SIP/2.0", lines, body), peer

    def compose_invite(
        self, *, branch: str, identity: Identity, extra: Lines, body: bytes
    ) -> tuple[ClientInvite, int]:
        """Write a re-INVITE; with its transaction comes its number."""
        number = self._next_number()
        uri, lines, peer = self._head(f"{number} INVITE", branch, identity)
        ack_lines = [*lines[:-1], ("cseq", f"{number} ACK")]
        lines += [("to", self.remote), ("user-agent", identity.product), *extra]
        data = encode(f"INVITE {uri} SIP/2.0", lines, body)
        return ClientInvite(data, peer, uri=uri, ack_lines=ack_lines), number

    @property
    def request_uri(self) -> str:
        """What requests within the dialog have as Request-URI."""
        return next_hop(self.target, self.routes)[0]

    def _next_number(self) -> int:
        self.local_cseq = min(self.local_cseq + 1, MAX_CSEQ)
        return self.local_cseq

    def _head(
        self, cseq: str, branch: str, identity: Identity
    ) -> tuple[str, list[tuple[str, str]], Address]:
        """Request-URI, the lines that an ACK of a refusal copies (CSeq last), where it goes."""
        uri, routes, hop = next_hop(self.target, self.routes)
        peer = way_to(hop, self.peer, self.hidden)
        lines = [
            ("via", identity.via(branch)),
            ("max-forwards", str(MAX_HOPS)),
            *(("route", route) for route in routes),
            ("from", self.local),
            ("call-id", self.call_id),
            ("cseq", cseq),
        ]
        return uri, lines, peer


def _checked(routes: Iterable[str]) -> tuple[str, ...]:
    """Refuse a route set that could not be used later; raises ValueError."""
    kept = tuple(routes)
    for route in kept:
        NameAddr.parse(route)
    return kept
