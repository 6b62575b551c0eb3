"""What the two ends of a bridge are told of each other's media: all of it, or where we are.

Passing by ("Bypass Media"), the descriptions go through as they come and audio flows between
the ends; nothing of it is seen here. As proxy ("Proxy Media"), each end talks to a media leg of
ours with codecs agreed by itself; streams other than audio get port 0.
"""

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from typing import Literal, Protocol

import structlog

from .leg_audio import CLOSE_S
from .media import MediaEvent, MediaLeg, MediaStats
from .sdp.faults import NoCommonCodec
from .sdp.offer_answer import (
    CODECS,
    Codec,
    Direction,
    Negotiated,
    accept,
    answer,
    make_offer,
)

log = structlog.get_logger(__name__)
Side = Literal["caller", "callee"]
Heard = Callable[[Side, MediaEvent], None]
_MIRROR: dict[Direction, Direction] = {
    "sendrecv": "sendrecv",
    "sendonly": "recvonly",
    "recvonly": "sendonly",
    "inactive": "inactive",
}


def other(side: Side) -> Side:
    """Name the other end."""
    return "callee" if side == "caller" else "caller"


class BridgeMedia(Protocol):
    """The descriptions that pass between the ends. `SdpRefused` says what cannot be agreed."""

    def offer(self) -> bytes:
        """Give the offer for the callee."""

    def answered(self, sdp: bytes | None) -> bytes | None:
        """Take the callee's description, early or final; give the caller's, if one is known."""

    def acked(self, sdp: bytes) -> bytes | None:
        """Take the caller's answer to our offer; give the callee's, if it waits for one."""

    def known(self, side: Side) -> bytes | None:
        """Give what this side may be offered at once, or None: then the other side is asked."""

    def reoffer(self, side: Side, sdp: bytes | None) -> bytes | None:
        """Take a new offer of one side, None if it wants one; give what to offer the other."""

    def reanswered(self, side: Side, sdp: bytes | None) -> bytes:
        """Take the other side's answer to `reoffer` of this side; give this side's."""

    def reacked(self, side: Side, sdp: bytes) -> bytes | None:
        """Take this side's answer to an offer it had asked for; give the other side's, if any."""

    def withdrawn(self, side: Side) -> None:
        """Take it that the other side refused: all is as it was."""

    def close(self) -> "Awaitable[tuple[MediaStats, MediaStats]] | None":
        """Free what was used; what went through the caller's and the callee's leg, if any did."""


class Bypass:
    """Descriptions pass through untouched."""

    def __init__(self, offer: bytes) -> None:
        self._latest: dict[Side, bytes] = {"caller": offer}

    def offer(self) -> bytes:
        return self._latest["caller"]

    def answered(self, sdp: bytes | None) -> bytes | None:
        if sdp is not None:
            self._latest["callee"] = sdp
        return self._latest.get("callee")

    def acked(self, sdp: bytes) -> bytes | None:
        self._latest["caller"] = sdp
        return sdp

    def known(self, side: Side) -> None:
        """Only the other end knows what it can."""

    def reoffer(self, side: Side, sdp: bytes | None) -> bytes | None:
        del side
        return sdp

    def reacked(self, side: Side, sdp: bytes) -> bytes | None:
        self._latest[side] = sdp
        return sdp

    def reanswered(self, side: Side, sdp: bytes | None) -> bytes:
        there = other(side)
        self._latest[there] = sdp or self._latest.get(there, b"")
        return self._latest[there]

    def withdrawn(self, side: Side) -> None:
        """Nothing was changed."""

    def close(self) -> None:
        """Nothing was used."""


class _End:
    """One media leg with what was agreed on it."""

    def __init__(self, leg: MediaLeg) -> None:
        self.leg = leg
        self.session_id = secrets.randbits(62)
        self.sdp: bytes | None = None
        self.agreed: Negotiated | None = None
        self.proposed: tuple[bytes, Negotiated | None] | None = None

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

    def _answer(self, offer: bytes, codecs: tuple[Codec, ...]) -> tuple[bytes, Negotiated]:
        return answer(
            offer,
            host=self.leg.host,
            port=self.leg.port,
            session_id=self.session_id,
            codecs=codecs,
            previous=self.sdp,
        )


class Proxy:
    """Two media legs, each with an end of its own; `offer` is the caller's, None if it has none."""

    def __init__(self, caller: MediaLeg, callee: MediaLeg, offer: bytes | None) -> None:
        """Read the caller's offer. Raises `SdpRefused` when nothing can come of it."""
        self._ends: dict[Side, _End] = {"caller": _End(caller), "callee": _End(callee)}
        self._offer = offer
        self._bridged = False
        self._ears: list[asyncio.Task[None]] = []
        self._codecs: tuple[Codec, ...] = CODECS
        if offer is not None:
            _, agreed = self._ends["caller"].answer(offer, None)
            self._codecs = _first(agreed.codec)

    def offer(self) -> bytes:
        end = self._ends["callee"]
        end.sdp = end.offer(self._codecs)
        return end.sdp

    def answered(self, sdp: bytes | None) -> bytes | None:
        caller, callee = self._ends["caller"], self._ends["callee"]
        if sdp is not None:
            ours = callee.sdp or b""
            callee.connect(ours, accept(ours, sdp))
        if callee.agreed is None:
            return None
        if self._offer is None:
            caller.sdp = caller.offer(_first(callee.agreed.codec))
            return caller.sdp
        if caller.agreed is None:
            caller.connect(*caller.answer(self._offer, callee.agreed.codec))
        self._join()
        return caller.sdp

    def acked(self, sdp: bytes) -> None:
        end = self._ends["caller"]
        ours = end.sdp or b""
        end.connect(ours, accept(ours, sdp))
        self._join()

    def listen(self, heard: Heard) -> None:
        """Have told what the media legs tell, until they are closed."""
        self._ears = [
            asyncio.create_task(_pump(end.leg, side, heard), name=f"media {end.leg.leg}")
            for side, end in self._ends.items()
        ]

    def known(self, side: Side) -> bytes:
        return self._ends[side].sdp or b""

    def reoffer(self, side: Side, sdp: bytes | None) -> bytes | None:
        here, there = self._ends[side], self._ends[other(side)]
        liked = there.agreed.codec if there.agreed else None
        ours, agreed = here.answer(sdp or b"", liked)
        here.proposed = (ours, agreed)
        proposal = there.offer(_first(agreed.codec), _MIRROR[agreed.direction])
        there.proposed = (proposal, None)
        return proposal

    def reacked(self, side: Side, sdp: bytes) -> None:
        end = self._ends[side]
        ours = end.sdp or b""
        end.connect(ours, accept(ours, sdp))

    def reanswered(self, side: Side, sdp: bytes | None) -> bytes:
        here, there = self._ends[side], self._ends[other(side)]
        (ours, agreed), here.proposed = here.proposed or (b"", None), None
        (proposal, _), there.proposed = there.proposed or (b"", None), None
        there.connect(proposal, accept(proposal, sdp or b""))
        if agreed is not None:
            here.connect(ours, agreed)
        return ours

    def withdrawn(self, side: Side) -> None:
        self._ends[side].proposed = self._ends[other(side)].proposed = None

    def close(self) -> Awaitable[tuple[MediaStats, MediaStats]]:
        return self._close()

    async def _close(self) -> tuple[MediaStats, MediaStats]:
        caller, callee = self._ends["caller"].leg, self._ends["callee"].leg
        for ear in self._ears:
            ear.cancel()
        await asyncio.gather(*self._ears, return_exceptions=True)
        return await _closed(caller), await _closed(callee)

    def _join(self) -> None:
        if not self._bridged:
            self._bridged = True
            self._ends["caller"].leg.bridge(self._ends["callee"].leg)


def _first(codec: Codec) -> tuple[Codec, ...]:
    """Name our codecs, this one liked best."""
    return (codec, *(each for each in CODECS if each != codec))


async def _pump(leg: MediaLeg, side: Side, heard: Heard) -> None:
    while True:
        heard(side, await leg.events.get())


async def _closed(leg: MediaLeg) -> MediaStats:
    try:
        async with asyncio.timeout(CLOSE_S):
            return await leg.close()
    except Exception:
        log.exception("media_close_failed", leg=str(leg.leg))
        return MediaStats()
