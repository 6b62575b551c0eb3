"""A crowd of callers in one process: they call, speak, and note when they were heard and cut off.

What they saw is held against the books of a server that was harmed in their middle. They share
one SIP endpoint and one RTP socket, so that a hundred of them cost little.
"""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from opentact.adapters.sip.endpoint import SipEndpoint
from opentact.adapters.sip.legs import OutgoingLeg
from opentact.voice.rtp.packet import HEADER_BYTES, pack_header
from opentact.voice.sdp.offer_answer import accept, make_offer
from opentact.voice.sip.effects import ENDS, Answered, LegEvent, Refused
from support.live_server import Server
from support.peers import LOOPBACK

PACKET_S, SAMPLES = 0.02, 160
LOUD = b"\x10\x90" * (SAMPLES // 2)  # PCMU: a tone of 4 kHz that nobody takes for silence


def now() -> datetime:
    return datetime.now(UTC)


@dataclass(eq=False)
class Talk:
    """What a caller knows of its call."""

    number: int
    leg: OutgoingLeg
    offer: bytes
    answered_on: datetime | None = None
    ended_on: datetime | None = None
    status: int | None = None
    hears: tuple[str, int] | None = None
    sent: int = 0

    @property
    def is_up(self) -> bool:
        return self.answered_on is not None and self.ended_on is None

    def hear(self, event: LegEvent) -> None:
        match event:
            case Answered(sdp):
                self.status, self.answered_on = 200, now()
                self.hears = accept(self.offer, sdp or b"").remote
            case Refused(status):
                self.status = status
        if isinstance(event, ENDS):
            self.ended_on = self.ended_on or now()

    def hang_up(self) -> None:
        if self.ended_on is None:
            self.ended_on = now()
            self.leg.hangup()


class Crowd:
    """Made by `crowd`. `talks` are all its calls, in their order."""

    def __init__(self, endpoint: SipEndpoint, voice: socket.socket, server: Server) -> None:
        self.talks: list[Talk] = []
        self._endpoint = endpoint
        self._voice = voice
        self._server = server
        self._offer = make_offer(host=LOOPBACK, port=voice.getsockname()[1], session_id=1)

    def call(self, number: int) -> Talk:
        """Call a number; what comes of it stands in the talk."""
        host, port = self._server.sip_address
        target = f"sip:{number}@{host}:{port}"
        caller = f"sip:+1201555{len(self.talks):04d}@{LOOPBACK}"
        leg = self._endpoint.call(target, to=target, caller=caller, sdp=self._offer)
        talk = Talk(number, leg, self._offer)
        self.talks.append(talk)
        leg.listen(talk.hear)
        return talk

    async def cut_off(self) -> None:
        """Note that those who talk hear nobody any more; who still calls goes on calling."""
        cut_on = now()
        await asyncio.sleep(0.3)  # what the server said at last is heard
        for talk in self.talks:
            if talk.is_up:
                talk.ended_on = cut_on

    def hang_up(self) -> None:
        for talk in self.talks:
            talk.hang_up()

    async def speak(self) -> None:
        """Send everybody's voice, a packet each 20 ms; what comes back is not listened to."""
        loop, buffer = asyncio.get_running_loop(), bytearray(HEADER_BYTES)
        due = loop.time()
        while True:
            for number, talk in enumerate(self.talks):
                if talk.is_up and talk.hears:
                    talk.sent += 1
                    pack_header(buffer, 0, talk.sent, talk.sent * SAMPLES, number + 1)
                    self._voice.sendto(bytes(buffer) + LOUD, talk.hears)
            due = max(due + PACKET_S, loop.time() - 1)
            await asyncio.sleep(due - loop.time())


@asynccontextmanager
async def crowd(server: Server) -> AsyncIterator[Crowd]:
    """Gather one; those who still talk at the end are gone without a word."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as voice:
        voice.bind((LOOPBACK, 0))
        voice.settimeout(0)
        endpoint = await SipEndpoint.open(LOOPBACK, 0, on_call=lambda leg: leg.reject(480))
        made = Crowd(endpoint, voice, server)
        speaking = asyncio.create_task(made.speak())
        try:
            yield made
        finally:
            speaking.cancel()
            await asyncio.gather(speaking, return_exceptions=True)
            await endpoint.close(grace=0)
