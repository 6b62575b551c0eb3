"""The engine on a clock of the test's own, and phones that talk to it over real sockets."""

import select
import socket
from dataclasses import replace
from uuid import UUID, uuid4

from opentact.adapters.media.commands import Connect
from opentact.adapters.media.engine import Engine
from opentact.adapters.media.figures import Vitals
from opentact.adapters.media.settings import MediaSettings
from opentact.voice.media import (
    MediaEvent,
    MediaStats,
)
from opentact.voice.rtp import rtcp
from opentact.voice.rtp.packet import RtpPacket, pack, parse
from opentact.voice.sdp.offer_answer import Direction, Negotiated
from support.peers import MEDIA_FIRST, MEDIA_LAST

HOST = "127.0.0.1"
SETTINGS = MediaSettings(
    first_port=MEDIA_FIRST, last_port=MEDIA_LAST, report_every=5.0, rtp_timeout=60.0
)
WALL = 1_700_000_000.0


class Bench:
    """An engine, and what came out of it."""

    def __init__(self) -> None:
        self.now = 1_000.0
        self.told: list[tuple[UUID, MediaEvent]] = []
        self.vitals: list[Vitals] = []
        self.engine = Engine(
            SETTINGS,
            lambda leg, event: self.told.append((leg, event)),
            lambda _, vitals: self.vitals.append(vitals),
            monotonic=lambda: self.now,
            wall=lambda: WALL + self.now - 1_000,
        )

    def run(self, seconds: float) -> None:
        """Let time pass, a millisecond after the other."""
        for _ in range(round(seconds * 1_000)):
            self.now += 0.001
            self.engine.turn()
            self.engine.receive()

    def events(self, leg: UUID) -> list[MediaEvent]:
        return [event for told, event in self.told if told == leg]

    def stats(self, leg: UUID) -> MediaStats:
        """Close the leg for its figures."""
        figures: list[MediaStats] = []
        self.engine.close_leg(leg, figures.append)
        return figures[0]


class Phone:
    """RTP and RTCP sockets of a peer, and a leg that talks to it."""

    def __init__(self, bench: Bench, host: str = HOST, local: str = HOST) -> None:
        self.bench = bench
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.rtp, self.rtcp = (socket.socket(family, socket.SOCK_DGRAM) for _ in range(2))
        for each in (self.rtp, self.rtcp):
            each.bind((host, 0))
            each.setblocking(False)  # noqa: FBT003 - the standard library takes it so
        self.leg = uuid4()
        _, self.port = bench.engine.open(self.leg, local)
        self.number = 0

    def connect(self, direction: Direction = "sendrecv", **changes: object) -> None:
        agreed = Negotiated(
            self.rtp.getsockname()[:2],
            "PCMU",
            0,
            101,
            direction=direction,
            rtcp=self.rtcp.getsockname()[:2],
            dtmf_expected=101,
        )
        changed = replace(agreed, **changes)  # type: ignore[arg-type] # fields by name
        self.bench.engine.execute(self.leg, Connect(changed))

    def says(self, payload: bytes = b"\xff" * 160, *, kind: int = 0, ssrc: int = 7) -> None:
        packet = RtpPacket(
            kind,
            marker=False,
            sequence=self.number,
            timestamp=self.number * 160,
            ssrc=ssrc,
            payload=payload,
        )
        self.number += 1
        self.raw(pack(packet))

    def raw(self, data: bytes) -> None:
        to = self.rtp.getsockname()[0].rpartition(".")[0]
        self.rtp.sendto(data, (f"{to}.1" if to else "::1", self.port))

    def hears(self) -> list[RtpPacket]:
        return [parse(data) for data in drained(self.rtp)]

    def is_told(self) -> list[list[rtcp.Report]]:
        return [rtcp.parse(data) for data in drained(self.rtcp)]

    def close(self) -> None:
        self.rtp.close()
        self.rtcp.close()


def drained(source: socket.socket) -> list[bytes]:
    found = []
    while select.select([source], [], [], 0)[0]:
        found.append(source.recv(2_000))
    return found
