"""One end of a bridge whose media go through us: a media leg and what was agreed on it."""

import secrets

from .media import MediaLeg
from .sdp.faults import NoCommonCodec
from .sdp.offer_answer import CODECS, Codec, Direction, Negotiated, answer, make_offer
from .sip.info_digits import InfoDigit


class End:
    """A media leg with what its peer was told and agreed to. `proposed` waits for an answer."""

    def __init__(self, leg: MediaLeg) -> None:
        self.leg = leg
        self.session_id = secrets.randbits(62)
        self.sdp: bytes | None = None
        self.agreed: Negotiated | None = None
        self.proposed: tuple[bytes, Negotiated | None] | None = None
        self.presses = 0

    def offer(self, codecs: tuple[Codec, ...], direction: Direction = "sendrecv") -> bytes:
        return make_offer(
            host=self.leg.host,
            port=self.leg.port,
            session_id=self.session_id,
            codecs=codecs,
            direction=direction,
            previous=self.sdp,
        )

    def answer(self, offer: bytes, liked: Codec | None) -> tuple[bytes, Negotiated]:
        """Answer an offer, in the codec of the other end if it can be: nothing to transcode."""
        if liked is not None:
            try:
                return self._answer(offer, (liked,))
            except NoCommonCodec:
                pass
        return self._answer(offer, CODECS)

    def connect(self, sdp: bytes, agreed: Negotiated) -> None:
        self.sdp, self.agreed = sdp, agreed
        self.leg.connect(agreed)

    def press(self, key: InfoDigit, *, sound: bool) -> bool:
        agreed = self.agreed
        if agreed is None or not agreed.sends or (agreed.dtmf_payload is None and not sound):
            return False
        self.presses += 1
        self.leg.send_digits(self.presses, key.digit, key.tone_ms)
        return True

    def _answer(self, offer: bytes, codecs: tuple[Codec, ...]) -> tuple[bytes, Negotiated]:
        return answer(
            offer,
            host=self.leg.host,
            port=self.leg.port,
            session_id=self.session_id,
            codecs=codecs,
            previous=self.sdp,
        )
