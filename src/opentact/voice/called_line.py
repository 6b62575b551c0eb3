"""The line of somebody we called: signalling and audio of one leg that went out.

It offers its media when it is made, may be offered to many at once, and belongs to the one who
answers. Renegotiations of the peer are answered here: neither end of a bridge is told of them.
"""

import secrets

from . import causes
from .dialling import CalledLeg
from .leg_audio import LegAudio
from .media import MediaLeg
from .sdp.faults import SdpRefused
from .sdp.offer_answer import Direction, Negotiated, accept, answer, make_offer
from .sip.effects import (
    Acked,
    Expired,
    Failed,
    HungUp,
    InfoReceived,
    LegEvent,
    NoAck,
    Reanswered,
    Reoffered,
    ReofferRefused,
)


class CalledLine(LegAudio):
    """The leg of who is called. `offer` is what the INVITEs carry."""

    def __init__(self, media: MediaLeg) -> None:
        """Begin to listen to the media; set `on_over` to be told of the line's end."""
        super().__init__(media)
        self.leg: CalledLeg | None = None
        self.reason: str | None = None
        self._session_id = secrets.randbits(62)
        self._gone = False
        self._proposed: bytes | None = None
        self._sdp = self.offer = self._describe("sendrecv", None)
        self._agreed: Negotiated | None = None

    def early(self, sdp: bytes) -> bool:
        """Hear what the callee plays before it answers; whether there is anything."""
        try:
            self._agreed = accept(self.offer, sdp)
        except SdpRefused:
            return False
        self._connected(self._agreed)
        return True

    def answered(self, leg: CalledLeg, sdp: bytes | None) -> None:
        """Belong to who answered. Raises `SdpRefused` when we cannot talk; it is to be hung up."""
        self.leg = self.signalling = leg
        leg.listen(self._told)
        if sdp is not None or self._agreed is None:
            self._agreed = accept(self.offer, sdp or b"")
            self._connected(self._agreed)

    def hold(self) -> None:
        """Tell the peer that it is on hold; what we play is still heard there (RFC 3264 8.4)."""
        self._propose("sendonly")

    def resume(self) -> None:
        """Tell the peer that it may talk again."""
        self._propose("sendrecv")

    def hang_up(self, reason: str | None = None) -> None:
        """Tell the far end that it is over, unless it was the one to go."""
        if self.leg is not None and not self._gone:
            self._gone = True
            self.leg.hangup(reason=reason)

    def _propose(self, direction: Direction) -> None:
        if self.leg is not None and self.over is None:
            self._proposed = self._describe(direction, self._sdp)
            self.leg.reoffer(self._proposed)

    def _describe(self, direction: Direction, previous: bytes | None) -> bytes:
        return make_offer(
            host=self.media.host,
            port=self.media.port,
            session_id=self._session_id,
            direction=direction,
            previous=previous,
        )

    def _told(self, event: LegEvent) -> None:
        self._hear(self._on_leg, event)

    def _on_leg(self, event: LegEvent) -> None:
        match event:
            case HungUp(reason):
                self._left(reason, causes.CALLEE_HUNG_UP)
            case NoAck() | Expired():
                self._left(None, causes.PEER_GONE)
            case Failed():
                self._left(None, causes.SERVER_STOPPED)
            case Reoffered(offer):
                self._on_reoffer(offer)
            case Reanswered(sdp):
                self._on_reanswer(sdp)
            case ReofferRefused():
                self._proposed = None
            case Acked(sdp) if sdp is not None:
                self._agreed = accept(self._sdp, sdp)
                self._connected(self._agreed)
            case InfoReceived():
                self._informed(event)
            case _:
                pass

    def _left(self, reason: str | None, cause: causes.Cause) -> None:
        self._gone, self.reason = True, reason
        self.end(cause)

    def _on_reoffer(self, offer: bytes | None) -> None:
        if self.leg is None:
            return
        if offer is not None:
            try:
                self._sdp, self._agreed = answer(
                    offer,
                    host=self.media.host,
                    port=self.media.port,
                    session_id=self._session_id,
                    previous=self._sdp,
                )
            except SdpRefused as refused:
                self.leg.refuse_reoffer(refused.status)
                return
        self.leg.reanswer(self._sdp)
        if offer is not None and self._agreed is not None:
            self._connected(self._agreed)

    def _on_reanswer(self, sdp: bytes | None) -> None:
        proposed, self._proposed = self._proposed, None
        if proposed is None or sdp is None:
            return
        try:
            self._agreed = accept(proposed, sdp)
        except SdpRefused:
            return  # it goes on as it was
        self._sdp = proposed
        # Our own hold is no hold of theirs.
        self.media.connect(self._agreed)
