"""Whom we call, as whom, and where that is sent: what an INVITE of ours is made of."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from opentact.voice.sip.dialog import MAX_HOPS
from opentact.voice.sip.headers import NameAddr
from opentact.voice.sip.identities import identity_lines
from opentact.voice.sip.lexical import Params
from opentact.voice.sip.machine import Address
from opentact.voice.sip.routing import address_of
from opentact.voice.sip.uri import scheme_of

if TYPE_CHECKING:
    from opentact.voice.sip.digest import Credentials

# Headers that are the stack's to write.
_OURS = frozenset(
    ("via", "from", "to", "call-id", "cseq", "contact", "max-forwards", "content-length", "route")
)


@dataclass(frozen=True, slots=True)
class Invitation:
    """Whom to call, and as whom.

    `target` is the Request-URI, `to` and `caller` are URIs or addresses with a name; `sdp` is
    the offer. `destination` is where to send it; None reads it off the target, whose host
    must then be an address. `extra` are more headers, names in lower case. `credentials`
    answer 401 and 407. `identity` goes out as P-Asserted-Identity (RFC 3325: only to whom we
    trust), `privacy` are the values of Privacy (RFC 3323).
    """

    target: str
    to: str
    caller: str
    sdp: bytes
    destination: Address | None = None
    extra: tuple[tuple[str, str], ...] = ()
    hops: int = MAX_HOPS
    credentials: "Credentials | None" = None
    identity: str | None = None
    privacy: tuple[str, ...] = ()

    @property
    def routes(self) -> list[tuple[str, str]]:
        """Route headers, which CANCEL and ACK copy."""
        return [pair for pair in self.extra if pair[0] == "route"]

    def lines(self) -> list[tuple[str, str]]:
        """Headers that only the INVITE has. Raises ValueError for an identity that is none."""
        own = identity_lines(self.identity, self.privacy)
        return [*own, *(pair for pair in self.extra if pair[0] not in _OURS)]

    def find_destination(self) -> Address:
        """Tell where the INVITE goes. Raises ValueError when it leads nowhere."""
        scheme_of(self.target)
        destination = self.destination or address_of(self.target)
        if destination is None:
            raise ValueError(f"no address to send to in {self.target!r}: name a destination")
        if self.hops < 1:
            raise ValueError("the call has used up its hops (Max-Forwards)")
        return destination


def address_line(text: str, more: Params = ()) -> str:
    """Write an address with these parameters, and without a tag it may have brought."""
    address = NameAddr.parse(text)
    kept = tuple(pair for pair in address.params if pair[0] != "tag")
    return str(NameAddr(address.uri, address.display, kept + more))
