"""Where a peer's audio really comes from, learnt once.

Behind NAT the address in the session description is not the one packets come from. The first
valid packets tell; from then on only their source is heard, whoever else sends to the port
(the attack known as RTP bleed). A new description begins a new lesson; so does a stream that
goes on from elsewhere after its source fell silent, as when a NAT forgets a mapping.
"""

from typing import Final

from .packet import RtpPacket

Address = tuple[str, int]

# Sources on probation at once. More would be a flood, and the oldest then has to begin again.
_MAX_CANDIDATES: Final = 8
# Between two packets on probation some may be lost.
_MAX_STEP: Final = 5


class Latch:
    """Admits packets of one source.

    The announced address is believed at its first valid packet; any other needs two in a row
    of one SSRC, so that a stray packet cannot take the call over (RFC 3550 section 6.2.1).
    """

    # A thousand of these are touched in turn: what is dense stays in the processor's cache.
    __slots__ = (
        "_announced", "_candidates", "_types", "address", "locked", "strangers",
    )  # fmt: skip

    def __init__(self, announced: Address, payload_types: frozenset[int]) -> None:
        self.address = announced
        self.locked = False
        self.strangers = 0
        self._announced = announced
        self._types = payload_types
        self._candidates: dict[tuple[Address, int], int] = {}

    def admit(self, source: Address, packet: RtpPacket) -> bool:
        """Tell whether the packet is the peer's; lock when that is first known."""
        if self.locked:
            if source == self.address:
                return True
        elif packet.payload_type in self._types and self._believed(source, packet):
            self.address, self.locked = source, True
            self._candidates.clear()
            return True
        self.strangers += 1
        return False

    def follow(self, source: Address, packet: RtpPacket) -> bool:
        """Go after the peer, whose stream comes from elsewhere now: two packets in a row tell.

        Who asks knows that the old source is silent and that the stream is the same.
        """
        if packet.payload_type not in self._types or not self._believed(source, packet):
            return False
        self.address = source
        self._candidates.clear()
        return True

    def _believed(self, source: Address, packet: RtpPacket) -> bool:
        if source == self._announced:
            return True
        candidate = (source, packet.ssrc)
        last = self._candidates.pop(candidate, None)
        if last is not None and 0 < (packet.sequence - last) % 65_536 <= _MAX_STEP:
            return True
        if len(self._candidates) == _MAX_CANDIDATES:
            del self._candidates[next(iter(self._candidates))]
        self._candidates[candidate] = packet.sequence
        return False
