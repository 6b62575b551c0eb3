"""What the two ends of a bridge are told of each other's media: all of it, or where we are.

Passing by ("Bypass Media"), the descriptions go through as they come and audio flows between
the ends; nothing of it is seen here. As proxy ("Proxy Media"), each end talks to a media leg of
ours with codecs agreed by itself; streams other than audio get port 0.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Literal, Protocol

import structlog

from .bridge_end import End
from .bridge_tape import BridgeTape
from .leg_audio import CLOSE_S
from .media import MediaEvent, MediaLeg, MediaStats
from .sdp.offer_answer import CODECS, Codec, Direction, accept
from .sip.info_digits import InfoDigit

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

    def talks(self) -> None:
        """Know that the call is answered: what is to be recorded of it begins."""

    def press(self, side: Side, key: InfoDigit, *, sound: bool) -> bool:
        """Send this side a key as a telephone event, or if it must be as its `sound`.

        False if that cannot be: its peer takes no events and no `sound` is wanted, it hears
        nothing on hold, or its media pass us by.
        """

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

    def talks(self) -> None:
        """Nothing of it is heard here."""

    def press(self, side: Side, key: InfoDigit, *, sound: bool) -> bool:
        del side, key, sound
        return False

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


class Proxy:
    """Two media legs, each with an end of its own; `offer` is the caller's, None if it has none.

    With a `tape` the call is recorded, from when it is answered and both hear each other.
    """

    def __init__(
        self,
        caller: MediaLeg,
        callee: MediaLeg,
        offer: bytes | None,
        tape: BridgeTape | None = None,
    ) -> None:
        """Read the caller's offer. Raises `SdpRefused` when nothing can come of it."""
        self._tape = tape
        self._talks = False
        self._ends: dict[Side, End] = {"caller": End(caller), "callee": End(callee)}
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

        def hear(side: Side, event: MediaEvent) -> None:
            if side == "caller" and self._tape is not None:
                self._tape.hear(event)
            heard(side, event)

        self._ears = [
            asyncio.create_task(_pump(end.leg, side, hear), name=f"media {end.leg.leg}")
            for side, end in self._ends.items()
        ]

    def talks(self) -> None:
        self._talks = True
        self._record()

    def press(self, side: Side, key: InfoDigit, *, sound: bool) -> bool:
        return self._ends[side].press(key, sound=sound)

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
        self._ears = []  # how they ended holds whom they told
        stats = await _closed(caller), await _closed(callee)
        if self._tape is not None:
            self._tape.close()
        return stats

    def _join(self) -> None:
        if not self._bridged:
            self._bridged = True
            self._ends["caller"].leg.bridge(self._ends["callee"].leg)
        self._record()

    def _record(self) -> None:
        if self._tape is not None and self._talks and self._bridged:
            self._tape.begin()


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
