"""2xx answers of ours to INVITE, repeated until their ACK (RFC 3261 13.3.1.4)."""

from dataclasses import dataclass

from opentact.voice.sip.machine import T1, T2, TIMEOUT, Address

# One 2xx may still lack its ACK while a re-INVITE is answered (the ACK was lost); more is abuse.
MAX_ACCEPTANCES = 2


@dataclass(slots=True)
class Acceptance:
    """Repeated after T1, 2*T1 ... T2, T2, given up after 64*T1.

    `offered`: it carries an offer of ours, so the ACK is to bring the answer. `again`: it
    answers a re-INVITE. RFC 3261 wants repeats over reliable transports too: a proxy on the
    way may have turned to UDP.
    """

    data: bytes
    peer: Address
    offered: bool
    again: bool
    repeat_at: float
    give_up_at: float
    pause: float = T1

    @classmethod
    def start(
        cls, data: bytes, peer: Address, now: float, *, offered: bool, again: bool
    ) -> "Acceptance":
        return cls(data, peer, offered, again, now + T1, now + TIMEOUT)

    @property
    def wake_at(self) -> float:
        return min(self.repeat_at, self.give_up_at)

    def repeats(self, now: float) -> int:
        """Count the repeats that have become due."""
        count = 0
        while self.repeat_at <= now:
            count += 1
            self.pause = min(self.pause * 2, T2)
            self.repeat_at += self.pause
        return count
