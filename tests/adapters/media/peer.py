"""The other end of a call: a UDP socket that speaks and hears RTP, in real time."""

import asyncio
import math
from typing import Self

import numpy as np
from numpy.typing import NDArray

from opentact.voice.media import Played
from opentact.voice.rtp.g711 import Codec, decode, encode
from opentact.voice.rtp.packet import RtpPacket, pack, parse
from opentact.voice.sdp.offer_answer import Direction, Negotiated

HOST = "127.0.0.1"
FRAME = 160
TYPES: dict[Codec, int] = {"PCMU": 0, "PCMA": 8}


class Peer(asyncio.DatagramProtocol):
    """Use as `async with Peer() as peer`."""

    def __init__(self, codec: Codec = "PCMU", ssrc: int = 0x1234) -> None:
        self.codec: Codec = codec
        self.ssrc = ssrc
        self.sequence = 100
        self.timestamp = 5_000
        self.heard: list[RtpPacket] = []
        self.sources: list[tuple[str, int]] = []
        self._more = asyncio.Event()

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_datagram_endpoint(lambda: self, local_addr=(HOST, 0))
        return self

    async def __aexit__(self, *_: object) -> None:
        self._transport.close()

    @property
    def address(self) -> tuple[str, int]:
        host, port = self._transport.get_extra_info("sockname")
        return host, port

    def negotiated(self, direction: Direction = "sendrecv", dtmf: int | None = 101) -> Negotiated:
        return Negotiated(
            self.address,
            self.codec,
            TYPES[self.codec],
            dtmf_payload=dtmf,
            direction=direction,
            dtmf_expected=dtmf,
        )

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self.heard.append(parse(data))
        self.sources.append(addr)
        self._more.set()

    async def hears(self, packets: int) -> list[RtpPacket]:
        """Wait until so many more packets came; give them."""
        start = len(self.heard)
        async with asyncio.timeout(5):
            while len(self.heard) < start + packets:
                self._more.clear()
                await self._more.wait()
        return self.heard[start : start + packets]

    async def hears_until(self, moment: asyncio.Future[Played]) -> list[RtpPacket]:
        """Collect what comes until the future is done."""
        start = len(self.heard)
        await moment
        return self.heard[start:]

    def send(self, port: int, payload: bytes, *, payload_type: int | None = None) -> None:
        """Send one packet of audio, and move on by its length."""
        kind = TYPES[self.codec] if payload_type is None else payload_type
        packet = self._packet(kind, payload)
        self._transport.sendto(pack(packet), (HOST, port))
        self.sequence = (self.sequence + 1) & 0xFFFF
        self.timestamp += len(payload)

    def send_event(
        self, port: int, event: int, duration: int, *, end: bool = False, payload_type: int = 101
    ) -> None:
        """Send one packet of a key press that began at the present timestamp."""
        payload = bytes((event, 0x8A if end else 0x0A)) + duration.to_bytes(2)
        packet = self._packet(payload_type, payload)
        self._transport.sendto(pack(packet), (HOST, port))
        self.sequence = (self.sequence + 1) & 0xFFFF

    def _packet(self, payload_type: int, payload: bytes) -> RtpPacket:
        return RtpPacket(
            payload_type,
            marker=False,
            sequence=self.sequence,
            timestamp=self.timestamp,
            ssrc=self.ssrc,
            payload=payload,
        )

    def press(self, port: int, event: int) -> None:
        """Press a key for 100 ms, in no time."""
        for duration in range(160, 800, 160):
            self.send_event(port, event, duration)
        for _ in range(3):
            self.send_event(port, event, 800, end=True)
        self.timestamp += 1_600

    async def speaks(self, port: int, samples: NDArray[np.int16]) -> None:
        """Send samples at the pace of speech."""
        loop = asyncio.get_running_loop()
        begin = loop.time()
        audio = encode(samples, self.codec)
        for count in range(math.ceil(len(audio) / FRAME)):
            self.send(port, audio[count * FRAME : count * FRAME + FRAME])
            await asyncio.sleep(max(0, begin + (count + 1) * 0.02 - loop.time()))


def tone(hertz: float, seconds: float) -> NDArray[np.int16]:
    """A sine of a quarter of full scale."""
    times = np.arange(round(seconds * 8_000)) / 8_000
    return np.asarray(8_000 * np.sin(2 * np.pi * hertz * times)).astype(np.int16)


def pitch(samples: NDArray[np.int16]) -> float:
    """The strongest frequency, in hertz."""
    spectrum = np.abs(np.fft.rfft(samples.astype(float) * np.hanning(len(samples))))
    return float(spectrum.argmax()) * 8_000 / len(samples)


def audio_of(packets: list[RtpPacket], codec: Codec) -> NDArray[np.int16]:
    """The samples of packets of audio, in their order."""
    return decode(b"".join(packet.payload for packet in packets), codec)
