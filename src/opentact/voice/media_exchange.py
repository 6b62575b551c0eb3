"""Two legs that renegotiate: what one proposes is proposed to the other, and so is its answer.

Hold, resume, another address or codec, from either side, with an offer or without (RFC 3264,
RFC 6337). Offers that cross are the stack's business (491): each leg has one under way at most.
Keys that come by INFO pass as well, in the way that the other leg takes them.
"""

from .bridge_media import BridgeMedia, Side, other
from .dialling import CalledLeg, Talking
from .sdp.faults import SdpRefused
from .sip.effects import Acked, InfoReceived, LegEvent, Reanswered, Reoffered, ReofferRefused
from .sip.info_digits import InfoDigit, read_info_digit, write_info_digit

PENDING = 491  # RFC 3261 14.2: there is no other end yet to be asked


class MediaExchange:
    """What passes between the legs of a bridge about their media."""

    def __init__(self, caller: Talking, media: BridgeMedia) -> None:
        self._caller = caller
        self._called: Talking | None = None
        self._media = media

    def begins(self, called: CalledLeg | None) -> None:
        """Know the other leg: the call is answered."""
        self._called = called
        self._media.talks()

    def hear(self, side: Side, event: LegEvent) -> None:
        """Take what a leg tells. `SdpRefused` when an answer leaves nothing in common."""
        match event:
            case Reoffered(offer):
                self._reoffered(side, offer)
            case Reanswered(sdp):
                there = other(side)
                self._leg(there).reanswer(self._media.reanswered(there, sdp))
            case ReofferRefused(status):
                self._media.withdrawn(other(side))
                self._leg(other(side)).refuse_reoffer(status)
            case Acked(sdp, again) if sdp is not None:
                answer = self._media.reacked(side, sdp) if again else self._media.acked(sdp)
                if answer is not None and self._called is not None:
                    self._leg(other(side)).acknowledge(answer)
            case InfoReceived(content_type, body):
                self._pressed(other(side), read_info_digit(content_type, body))
            case _:
                pass

    def _pressed(self, there: Side, key: InfoDigit | None) -> None:
        """Pass a key on: as a telephone event, else by INFO, else as its sound.

        On hold, and where media pass us by, there is only INFO, also for a peer that never said
        it takes it.
        """
        if key is None or self._called is None:
            return
        leg = self._leg(there)
        passed = self._media.press(there, key, sound=not leg.takes_info)
        if not passed and leg.takes_info is not False:
            leg.inform(*write_info_digit(key))

    def _reoffered(self, side: Side, offer: bytes | None) -> None:
        leg = self._leg(side)
        known = self._media.known(side) if offer is None else None
        if known is not None:
            leg.reanswer(known)
        elif self._called is None:
            leg.refuse_reoffer(PENDING)
        else:
            self._propose(side, leg, offer)

    def _propose(self, side: Side, leg: Talking, offer: bytes | None) -> None:
        try:
            proposal = self._media.reoffer(side, offer)
        except SdpRefused as refused:
            leg.refuse_reoffer(refused.status)
        else:
            self._leg(other(side)).reoffer(proposal)

    def _leg(self, side: Side) -> Talking:
        return self._called if side == "callee" and self._called is not None else self._caller
