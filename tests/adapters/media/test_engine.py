"""The engine on a clock of the test's own, over real sockets."""

import select
import socket
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from opentact.adapters.media.commands import Connect, Record, SendDigits
from opentact.adapters.media.engine import Engine
from opentact.adapters.media.leg import Vitals
from opentact.adapters.media.outbound import Outbound
from opentact.adapters.media.settings import MediaSettings
from opentact.voice.media import (
    DigitHeard,
    Latched,
    MediaEvent,
    MediaGone,
    MediaStats,
    RecordFailed,
    RtpTimeout,
)
from opentact.voice.rtp import rtcp
from opentact.voice.rtp.packet import RtpPacket, pack, parse
from opentact.voice.sdp.offer_answer import Direction, Negotiated

HOST = "127.0.0.1"
SETTINGS = MediaSettings(first_port=44_200, last_port=44_999, report_every=5.0, rtp_timeout=60.0)
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


@pytest.fixture
def bench() -> Iterator[Bench]:
    made = Bench()
    yield made
    made.engine.close()


@pytest.fixture
def phone(bench: Bench) -> Iterator[Phone]:
    made = Phone(bench)
    yield made
    made.close()


def test_reports_tell_what_was_sent_and_heard(bench: Bench, phone: Phone) -> None:
    phone.connect()
    for _ in range(10):
        phone.says()
        bench.run(0.02)
    phone.number += 5
    phone.says()
    bench.run(7.4)
    report, name = phone.is_told()[-1]
    sent = phone.hears()
    assert isinstance(report, rtcp.SenderReport)
    assert report.packets <= len(sent) <= report.packets + 250
    assert report.octets == report.packets * 160
    assert report.ssrc == sent[0].ssrc
    assert (report.timestamp - sent[0].timestamp) % 2**32 == report.packets * 160
    [block] = report.blocks
    assert (block.ssrc, block.lost, block.highest) == (7, 5, 15)
    assert name == rtcp.Description(report.ssrc, "opentact")


def test_says_goodbye(bench: Bench, phone: Phone) -> None:
    phone.connect()
    bench.run(0.1)
    bench.engine.close_leg(phone.leg, lambda _: None)
    [[first, *_, last]] = phone.is_told()
    assert isinstance(first, rtcp.SenderReport)
    assert last == rtcp.Goodbye((first.ssrc,))


def test_the_way_there_and_back_is_measured(bench: Bench, phone: Phone) -> None:
    phone.connect()
    bench.run(8)
    report = phone.is_told()[-1][0]
    assert isinstance(report, rtcp.SenderReport)
    came = report.ntp / 2**32 - 2_208_988_800 - WALL + 1_000
    delay = round((bench.now - came - 0.25) * 65_536)
    block = rtcp.ReportBlock(report.ssrc, 64, 3, 99, 80, rtcp.middle(report.ntp), delay)
    answer = rtcp.build(rtcp.ReceiverReport(7, (block,)), rtcp.Description(7, "phone"))
    phone.rtcp.sendto(answer, (HOST, phone.port + 1))
    phone.rtcp.sendto(b"nonsense", (HOST, phone.port + 1))
    bench.run(0.001)
    [vitals] = bench.engine.vitals()
    assert vitals["peer_hears"] == {
        "fraction_lost": 0.25,
        "jitter_ms": 10.0,
        "round_trip_ms": pytest.approx(250, abs=2),
    }


def test_reports_of_strangers_are_not_believed(bench: Bench, phone: Phone) -> None:
    phone.connect()
    bench.run(0.1)
    ssrc = phone.hears()[0].ssrc
    block = rtcp.ReportBlock(ssrc, 255, 3, 99, 80)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        stranger.bind(("127.0.0.2", 0))
        stranger.sendto(rtcp.build(rtcp.ReceiverReport(7, (block,))), (HOST, phone.port + 1))
        bench.run(0.001)
    [vitals] = bench.engine.vitals()
    assert vitals["peer_hears"] == {
        "fraction_lost": 0.0,
        "jitter_ms": 0.0,
        "round_trip_ms": None,
    }


def test_a_bug_met_by_one_leg_ends_that_leg_alone(
    bench: Bench, phone: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = Phone(bench)
    phone.connect()
    other.connect()
    true_tick = Outbound.tick

    def broken(out: Outbound, address: tuple[str, int]) -> None:
        if address == phone.rtp.getsockname():
            raise ZeroDivisionError
        true_tick(out, address)

    monkeypatch.setattr(Outbound, "tick", broken)
    bench.run(0.2)
    assert bench.events(phone.leg) == [MediaGone("internal error")]
    assert bench.events(other.leg) == []
    assert len(other.hears()) == 10
    other.close()


@pytest.mark.parametrize(
    "garbage",
    [b"", b"\x80", bytes(11), b"INVITE sip:x SIP/2.0\r\n\r\n", b"\x90" + bytes(12), bytes(1_600)],
)
def test_garbage_is_counted_and_forgotten(bench: Bench, phone: Phone, garbage: bytes) -> None:
    phone.connect()
    phone.raw(garbage)
    phone.says()
    bench.run(0.01)
    stats = bench.stats(phone.leg)
    assert (stats.invalid, stats.packets_received) == (1, 1)


def test_payload_types_not_agreed_on_are_counted(bench: Bench, phone: Phone) -> None:
    phone.connect()
    for kind in (0, 9, 13, 101, 8):
        phone.says(b"\x01", kind=kind)
    bench.run(0.01)
    stats = bench.stats(phone.leg)
    # 9 was never agreed on; an event of one byte is none; 13 is comfort noise
    assert (stats.invalid, stats.packets_received) == (2, 5)


def test_speaks_ipv6(bench: Bench) -> None:
    phone = Phone(bench, "::1", "::1")
    phone.connect()
    phone.says()
    bench.run(0.1)
    assert len(phone.hears()) == 5
    assert bench.events(phone.leg) == [Latched(phone.rtp.getsockname()[:2])]
    phone.close()


def test_a_hold_by_the_zero_address_forgets_nobody(bench: Bench, phone: Phone) -> None:
    real = Phone(bench)
    real.port = phone.port
    phone.connect()
    for _ in range(2):
        real.says()
    bench.run(0.01)
    phone.connect("recvonly", remote=("0.0.0.0", 4_000), rtcp=None)
    bench.run(0.1)
    real.hears()
    phone.connect()
    bench.run(0.1)
    assert len(real.hears()) == 5
    assert bench.events(phone.leg) == [Latched(real.rtp.getsockname())]
    real.close()


def test_a_new_address_is_learnt_anew(bench: Bench, phone: Phone) -> None:
    moved = Phone(bench)
    moved.port = phone.port
    phone.connect()
    phone.says()
    bench.run(0.01)
    phone.connect(remote=moved.rtp.getsockname(), rtcp=moved.rtcp.getsockname())
    phone.hears()
    moved.says()
    bench.run(0.1)
    phone.says()
    bench.run(0.01)
    assert phone.hears() == []
    assert len(moved.hears()) == 5
    assert bench.events(phone.leg) == [
        Latched(phone.rtp.getsockname()),
        Latched(moved.rtp.getsockname()),
    ]
    stats = bench.stats(phone.leg)
    assert (stats.strangers, stats.packets_received) == (1, 2)
    moved.close()


def test_a_new_stream_of_the_peer_brings_new_digits(bench: Bench, phone: Phone) -> None:
    phone.connect()
    phone.number = 1_000
    phone.says(b"\x01\x8a\x03\x20", kind=101, ssrc=1)
    phone.number = 0  # a new clock, far behind the old one
    phone.says(b"\x02\x8a\x03\x20", kind=101, ssrc=2)
    bench.run(0.01)
    heard = [event for event in bench.events(phone.leg) if isinstance(event, DigitHeard)]
    assert [event.digit for event in heard] == ["1", "2"]
    assert bench.stats(phone.leg).lost == 0


@pytest.mark.parametrize("ptime", [10, 30, 60])
def test_packets_are_as_long_as_agreed(bench: Bench, phone: Phone, ptime: int) -> None:
    phone.connect(ptime=ptime)
    bench.run(0.6)
    heard = phone.hears()
    assert len(heard) in {600 // ptime, 600 // ptime + 1}
    assert {len(packet.payload) for packet in heard} == {ptime * 8}
    step = (heard[1].timestamp - heard[0].timestamp) % 2**32
    assert step == ptime * 8


def test_events_keep_the_timestamp_of_their_press(bench: Bench, phone: Phone) -> None:
    phone.connect()
    bench.engine.execute(phone.leg, SendDigits(1, "7", 60, 60))
    bench.run(0.2)
    events = [packet for packet in phone.hears() if packet.payload_type == 101]
    assert [packet.payload.hex() for packet in events] == [
        "070a00a0",
        "070a0140",
        "078a01e0",
        "078a01e0",
        "078a01e0",
    ]
    assert len({packet.timestamp for packet in events}) == 1
    assert [packet.marker for packet in events] == [True, False, False, False, False]


def test_after_standing_still_it_goes_on_in_time_and_not_in_a_burst(
    bench: Bench, phone: Phone
) -> None:
    phone.connect()
    bench.run(0.1)
    before = phone.hears()[-1]
    bench.now += 3
    bench.run(0.1)
    after = phone.hears()
    assert len(after) in {5, 6}
    assert (after[0].sequence - before.sequence) % 65_536 == 1
    assert after[0].marker
    assert (after[0].timestamp - before.timestamp) % 2**32 == pytest.approx(3_000 * 8, abs=320)


def test_a_held_call_is_not_timed_out(bench: Bench, phone: Phone) -> None:
    phone.connect("sendonly")
    bench.run(61)
    assert bench.events(phone.leg) == []
    phone.connect()
    bench.run(59)
    assert bench.events(phone.leg) == []
    bench.run(2)
    assert bench.events(phone.leg) == [RtpTimeout(60.0)]
    bench.run(62)
    phone.says()
    bench.run(61)
    assert bench.events(phone.leg)[1:] == [Latched(phone.rtp.getsockname()), RtpTimeout(60.0)]


def test_a_flood_on_one_port_leaves_the_others_in_time(bench: Bench, phone: Phone) -> None:
    other = Phone(bench)
    phone.connect()
    other.connect()
    for _ in range(200):
        phone.raw(b"\xff" * 1_400)
        other.says()
        bench.run(0.001)
    assert len(other.hears()) == 10
    assert bench.stats(other.leg).packets_received == 200
    other.close()


def test_nothing_is_heard_before_connect(bench: Bench, phone: Phone, tmp_path: Path) -> None:
    phone.says()
    bench.run(0.01)
    bench.engine.execute(phone.leg, Record(1, str(tmp_path / "r.wav"), None, None))
    assert bench.events(phone.leg) == [RecordFailed(1, "not connected")]
    assert bench.stats(phone.leg) == MediaStats(strangers=1)


def test_commands_to_a_leg_that_is_gone_are_nothing(bench: Bench) -> None:
    gone = uuid4()
    bench.engine.execute(gone, Record(1, "/nowhere", None, None))
    assert bench.stats(gone) == MediaStats()
    assert bench.told == []
