"""What is noticed about the audio of one leg: each kind of thing once, with its first moment."""

from ipaddress import ip_address, ip_network

from opentact.voice.media import FactKind, MediaFact
from opentact.voice.rtp.latch import Address
from opentact.voice.sdp.offer_answer import Negotiated

from .run import Tally

# RFC 1918, RFC 6598 (carriers' NAT), RFC 4193.
_PRIVATE = tuple(
    ip_network(each)
    for each in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7")
)
# Nobody is silent on purpose for so long from the first moment of a call; in seconds.
NOTHING_HEARD_S = 5.0
SILENT_S = 10.0
# Where a line hums, but nobody speaks: as for recordings, -42 dB of full scale.
LOUD = 250


class Facts:
    """Moments are in seconds since connect."""

    def __init__(self) -> None:
        """Nothing is known yet."""
        self._found: dict[FactKind, MediaFact] = {}

    def all(self) -> tuple[MediaFact, ...]:
        """Tell what was noticed, in the order it was."""
        return tuple(self._found.values())

    def note(self, kind: FactKind, at: float, detail: str = "") -> None:
        """Keep the first of its kind."""
        if kind not in self._found:
            self._found[kind] = MediaFact(kind, round(at, 3), detail)

    def described(self, negotiated: Negotiated, at: float) -> None:
        """See where the peer says it is."""
        host = negotiated.remote[0]
        if any(ip_address(host) in network for network in _PRIVATE):
            self.note("private_address", at, host)

    def latched(self, announced: Address, source: Address, at: float) -> None:
        """See where its audio comes from."""
        came = "{}:{}".format(*source)
        self.note("first_rtp", at, f"from {came}")
        if announced != source:
            said = "{}:{}".format(*announced)
            self.note("source_differs", at, f"SDP said {said}, packets came from {came}")

    def unheard(
        self, at: float, quiet: float, announced: Address | None, sent: Tally, *, ever: bool
    ) -> None:
        """See that nothing came for `quiet` seconds, after something `ever` did or from the start.

        Nothing can come before anything was sent where a NAT has to be opened.
        """
        detail = f"no RTP for {quiet:.0f} s"
        if ever:
            self.note("no_rtp", at, detail)
        elif sent.packets or sent.errors:
            said = "{}:{}".format(*announced) if announced else "nothing"
            ours = "though we sent" if sent.packets else "and nothing can be sent there"
            self.note("one_way", at, f"{detail} from the start, {ours}; SDP said {said}")
