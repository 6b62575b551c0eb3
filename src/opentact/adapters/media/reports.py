"""RTCP of one leg: our reports, what the peer reports of us, and the goodbye."""

import socket
from collections.abc import Callable

from opentact.voice.rtp import rtcp

from .inbound import Inbound
from .outbound import Address, Outbound


class Reports:
    """Sends a report when told to; remembers what the peer last said of our stream."""

    def __init__(self, socket_: socket.socket, cname: str, wall: Callable[[], float]) -> None:
        """`wall` tells Unix seconds, which sender reports carry."""
        self.fraction_lost = 0.0
        self.jitter_ms = 0.0
        self.round_trip_ms: float | None = None
        self.lost: float | None = None  # share of our packets that never came, all in all
        self._socket, self._cname, self._wall = socket_, cname, wall
        self._heard_sr: tuple[int, float] | None = None  # middle of its time, and when it came

    def send(self, out: Outbound, heard: Inbound, address: Address, *, bye: bool = False) -> None:
        """Report what was sent and heard; say goodbye with it."""
        unix = self._wall()
        blocks = self._blocks(heard, unix)
        first = (
            rtcp.SenderReport(
                out.ssrc,
                rtcp.ntp(unix),
                out.timestamp,
                out.sent.packets,
                out.sent.octets & 0xFFFF_FFFF,
                blocks,
            )
            if out.sent.packets
            else rtcp.ReceiverReport(out.ssrc, blocks)
        )
        last = [rtcp.Goodbye((out.ssrc,))] if bye else []
        data = rtcp.build(first, rtcp.Description(out.ssrc, self._cname), *last)
        try:
            self._socket.sendto(data, address)
        except OSError:
            out.sent.errors += 1

    def read(self, out: Outbound | None, peer: Address | None) -> None:
        """Read one packet from the socket, at most; only the peer's host is listened to."""
        try:
            data, source = self._socket.recvfrom(rtcp.MAX_BYTES + 1)
        except OSError:
            return
        if out and peer and source[0] == peer[0]:
            self.heard(data, out)

    def heard(self, data: bytes, out: Outbound) -> None:
        """Take a compound packet; what cannot be read is passed over."""
        try:
            reports = rtcp.parse(data)
        except ValueError:
            return
        for report in reports:
            if isinstance(report, rtcp.SenderReport):
                self._heard_sr = (rtcp.middle(report.ntp), self._wall())
            if isinstance(report, rtcp.SenderReport | rtcp.ReceiverReport):
                for block in report.blocks:
                    if block.ssrc == out.ssrc:
                        self._told(block, out.sent.packets)

    def _blocks(self, heard: Inbound, unix: float) -> tuple[rtcp.ReportBlock, ...]:
        if heard.reception is None:
            return ()
        last_sr, delay = 0, 0
        if self._heard_sr:
            last_sr, came = self._heard_sr
            delay = max(0, round((unix - came) * 65_536)) & 0xFFFF_FFFF
        return (heard.reception.report(last_sr=last_sr, delay=delay),)

    def _told(self, block: rtcp.ReportBlock, sent: int) -> None:
        self.lost = min(1.0, max(0, block.lost) / max(1, sent))
        self.fraction_lost = block.fraction_lost / 256
        self.jitter_ms = block.jitter / 8
        if block.last_sr:
            # RFC 3550 section 6.4.1: now, less when we sent it, less how long they kept it.
            trip = (rtcp.middle(rtcp.ntp(self._wall())) - block.last_sr - block.delay) & 0xFFFF_FFFF
            if trip < 60 * 65_536:  # more than a minute is a made-up report
                self.round_trip_ms = trip * 1_000 / 65_536
