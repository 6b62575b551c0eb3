"""The caller's line: signalling and audio of one leg that arrived, as one thing that can be over.

The audio is any leg's (voice/leg_audio.py); a pump turns what the signalling tells into the state
of the line, and into the end of the call with its cause.
"""

import asyncio
import secrets
from typing import Protocol

from . import causes
from .leg_audio import CLOSE_S, LegAudio, RecordEnd, pump
from .media import MediaLeg
from .rtp.tones import RING_BACK
from .sdp.faults import BadSdp, SdpRefused
from .sdp.offer_answer import Negotiated, accept, answer, make_offer
from .sip.effects import (
    Acked,
    Cancelled,
    Expired,
    Failed,
    HungUp,
    InfoReceived,
    LegEvent,
    NoAck,
    Reoffered,
)

__all__ = ["CLOSE_S", "Line", "RecordEnd", "SignallingLeg"]


class SignallingLeg(Protocol):
    """What the line needs of a received SIP call (adapters/sip). Too late is no error."""

    call_id: str
    offer: bytes | None
    events: asyncio.Queue[LegEvent]

    def ring(self, sdp: bytes | None = None, status: int = 180) -> None:
        """Say that it rings, or send early media."""

    def answer(self, sdp: bytes) -> None:
        """Answer."""

    def reject(self, status: int, phrase: str | None = None, *, reason: str | None = None) -> None:
        """Refuse the call."""

    def hangup(self, *, reason: str | None = None) -> None:
        """End the call whatever its state."""

    def reanswer(self, sdp: bytes) -> None:
        """Accept a re-INVITE."""

    def refuse_reoffer(self, status: int = 488) -> None:
        """Refuse a re-INVITE; the call goes on as it was."""

    @property
    def takes_info(self) -> bool | None:
        """Whether the peer takes INFO; None if it never said."""

    def inform(self, content_type: str, body: bytes) -> None:
        """Send an INFO within the call."""


class Line(LegAudio):
    """The leg of who called us."""

    def __init__(self, leg: SignallingLeg, media: MediaLeg) -> None:
        """Begin to listen; set `on_over` to be told once, when the line's end is decided."""
        super().__init__(media)
        self.leg = self.signalling = leg
        self.answered = False
        self._session_id = secrets.randbits(62)
        self._sdp: bytes | None = None
        self._agreed: Negotiated | None = None
        self._early = False
        self._pumps.append(
            asyncio.create_task(pump(leg.events, self._hear_leg), name=f"leg {leg.call_id}")
        )

    def negotiate(self) -> None:
        """Answer the caller's offer, without sending it yet. Raises `SdpRefused`."""
        if self.leg.offer is not None:
            self._answer_offer(self.leg.offer)

    def pick_up(self) -> None:
        """Answer the call; without an offer of the caller's we make ours."""
        if self.answered or self.over:
            return
        self.answered = True
        if self._sdp is None:
            self._sdp = make_offer(
                host=self.media.host, port=self.media.port, session_id=self._session_id
            )
        self.leg.answer(self._sdp)
        self._connect()

    def play_early(self) -> bool:
        """Make sure the caller can hear us, by early media (183) if it is not answered yet.

        False if that cannot be: the caller sent no offer.
        """
        if self.answered or self._early:
            return True
        if self._agreed is None or self._sdp is None:
            return False
        self._early = True
        self.leg.ring(self._sdp, 183)
        self._connect()
        return True

    def ring_back(self) -> None:
        """Let the caller hear that somebody is called; who hears nothing of us yet is told by 180.

        It sounds until the media is stopped.
        """
        if self.answered or self._early:
            self.tones(RING_BACK, 0)
        else:
            self.leg.ring()

    def hang_up(self) -> None:
        """Tell the far end, unless it was the one to go: by its status, or by BYE."""
        cause = self.over or causes.INTERNAL
        if self.answered:
            self.leg.hangup(reason=cause.reason_header)
        else:
            self.leg.reject(cause.sip, reason=cause.reason_header)

    def _answer_offer(self, offer: bytes) -> None:
        self._sdp, self._agreed = answer(
            offer,
            host=self.media.host,
            port=self.media.port,
            session_id=self._session_id,
            previous=self._sdp,
        )

    def _connect(self) -> None:
        if self._agreed is not None:
            self._connected(self._agreed)

    def _hear_leg(self, event: LegEvent) -> None:
        self._hear(self._on_leg, event)

    def _on_leg(self, event: LegEvent) -> None:
        match event:
            case Cancelled():
                self.end(causes.CALLER_CANCELLED)
            case HungUp():
                self.end(causes.CALLER_HUNG_UP)
            case NoAck():
                self.end(causes.NO_ACK)
            case Expired():
                self.end(causes.PEER_GONE)
            case Failed():
                self.end(causes.SERVER_STOPPED)
            case Acked(sdp, again):
                self._on_ack(sdp, again=again)
            case Reoffered(offer):
                self._on_reoffer(offer)
            case InfoReceived():
                self._informed(event)
            case _:
                pass

    def _on_ack(self, sdp: bytes | None, *, again: bool) -> None:
        """Read the peer's answer, if the offer was ours."""
        if self._sdp is None or (sdp is None if again else self._agreed is not None):
            return
        try:
            self._agreed = accept(self._sdp, sdp or b"")
        except SdpRefused as refused:
            if not again:
                bad = isinstance(refused, BadSdp)
                self.end(causes.BAD_SDP if bad else causes.NO_COMMON_CODEC)
            return
        self._connect()

    def _on_reoffer(self, offer: bytes | None) -> None:
        if offer is None:
            # The peer wants an offer: what we have is offered again, unchanged.
            self.leg.reanswer(self._sdp or b"")
            return
        try:
            self._answer_offer(offer)
        except SdpRefused as refused:
            self.leg.refuse_reoffer(refused.status)
            return
        self.leg.reanswer(self._sdp or b"")
        self._connect()
