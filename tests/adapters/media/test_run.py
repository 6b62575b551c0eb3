"""A run says, counts and numbers what its packets would have one by one, whatever comes."""

import socket
from dataclasses import dataclass, field
from typing import Literal, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opentact.adapters.media.ears import Ears
from opentact.adapters.media.inbound import Inbound
from opentact.adapters.media.outbound import Outbound
from opentact.adapters.media.recording import Recording
from opentact.adapters.media.run import Run
from opentact.voice.rtp.g711 import Codec
from opentact.voice.rtp.packet import RtpPacket, pack
from opentact.voice.sdp.offer_answer import Negotiated

PEER, STRANGER = ("192.0.2.1", 4_000), ("192.0.2.9", 4_000)
FRAME = 160


@dataclass
class Wire:
    """A socket whose peer is the test."""

    coming: list[tuple[bytes, tuple[str, int]]] = field(default_factory=list)
    gone: list[bytes] = field(default_factory=list)
    broken: bool = False

    def recvfrom_into(self, buffer: bytearray) -> tuple[int, tuple[str, int]]:
        data, source = self.coming.pop(0)
        buffer[: len(data)] = data
        return len(data), source

    def sendto(self, data: bytes | memoryview, _: tuple[str, int]) -> None:
        if self.broken:
            raise OSError
        self.gone.append(bytes(data))


class OneByOne(Outbound):
    def run(self, *_: object) -> None:
        return None


@dataclass
class Overheard:
    """Stands in for a recording of both sides."""

    all: list[object] = field(default_factory=list)

    def heard(self, payload: bytes, codec: Codec, ssrc: int, timestamp: int, now: float) -> None:
        self.all.append((payload, codec, ssrc, timestamp, now))

    def said(self, payload: bytes, codec: Codec, timestamp: int, now: float) -> None:
        self.all.append((payload, codec, timestamp, now))

    def tick(self, now: float) -> None:
        pass


class Bridge:
    """One direction of a bridge, on a clock of its own."""

    def __init__(self, kind: type[Outbound], sequence: int, timestamp: int) -> None:
        self.now = 0.0
        self.wire, self.ear = Wire(), Overheard()
        rtp = cast("socket.socket", self.wire)
        agreed = Negotiated(PEER, "PCMU", 0, 101)
        self.heard = Inbound(rtp, lambda _: None, 60, Ears())
        latch = self.heard.connect(agreed, 0)
        self.out = kind(rtp, agreed, latch, ssrc=5, sequence=sequence, timestamp=timestamp)
        self.out.bridged = True
        self.heard.pass_on(self.out, None)
        self.due = 0.0

    def overhear(self) -> None:
        self.heard.end_run()
        self.heard.recordings[1] = cast("Recording", self.ear)
        self.out.taps.append(self.ear)

    def pass_time(self, seconds: float) -> None:
        self.now += seconds
        while self.due <= self.now:
            self.due += self.out.tick(self.now) / 1_000
            self.heard.tick(self.now)

    def hear(self, packet: RtpPacket, source: tuple[str, int] = PEER) -> None:
        self.wire.coming.append((pack(packet), source))
        self.heard.read(self.now)

    def counted(self) -> list[object]:
        reception = self.heard.reception
        assert reception
        return [
            self.heard.got, self.out.sent, self.heard.last_at, self.heard.strangers,
            self.heard.facts.all(), reception.report(), self.wire.gone, self.ear.all,
            self.out.timestamp,
        ]  # fmt: skip

    @property
    def jitter_ms(self) -> float:
        assert self.heard.reception
        return self.heard.reception.jitter_ms


Happening = tuple[Literal["next", "odd", "time", "overhear", "break"], int, int, int]

HAPPENINGS = st.lists(
    st.one_of(
        st.tuples(st.just("next"), st.integers(1, 40), st.just(0), st.just(0)),
        st.tuples(
            st.just("odd"), st.integers(-3, 4), st.integers(-400, 9_000), st.integers(0, 5)
        ),
        st.tuples(st.just("time"), st.integers(1, 2_500), st.just(0), st.just(0)),
        st.tuples(st.sampled_from(["overhear", "break"]), st.just(0), st.just(0), st.just(0)),
    ),
    max_size=12,
)  # fmt: skip


class Source:
    """A peer that mostly counts as it should."""

    def __init__(self, bridges: list[Bridge], sequence: int, timestamp: int) -> None:
        self.bridges, self.sequence, self.timestamp = bridges, sequence, timestamp

    def do(self, happening: Happening) -> None:
        what, count, later, kind = happening
        for each in self.bridges if what == "overhear" else []:
            each.overhear()
        for each in self.bridges if what == "break" else []:
            each.wire.broken = not each.wire.broken
        if what == "time":
            self._pass(count / 1_000)
        if what == "next":
            for _ in range(count):
                self._pass(0.02)
                self._say()
        if what == "odd":
            self.sequence += count
            self.timestamp += later
            self._say(
                payload=b"\x2a" * (FRAME if kind != 1 else 80),
                payload_type={2: 8, 3: 13}.get(kind, 0),
                marker=kind == 4,
                source=STRANGER if kind == 5 else PEER,
            )

    def _pass(self, seconds: float) -> None:
        for each in self.bridges:
            each.pass_time(seconds)

    def _say(
        self,
        *,
        payload: bytes = b"\xff" * FRAME,
        payload_type: int = 0,
        marker: bool = False,
        source: tuple[str, int] = PEER,
    ) -> None:
        numbers = self.sequence % 65_536, self.timestamp % 2**32
        for each in self.bridges:
            each.hear(RtpPacket(payload_type, marker, *numbers, 7, payload), source)
        self.sequence += 1
        self.timestamp += FRAME


@given(
    HAPPENINGS,
    st.sampled_from([0, 1_000, 65_500, 65_530]),
    st.sampled_from([0, 5_000, 2**32 - 3_000, 2**32 - 161]),
)
def test_it_is_the_same_as_one_by_one(
    happenings: list[Happening], sequence: int, timestamp: int
) -> None:
    bridges = [Bridge(kind, 65_535 - sequence, timestamp // 2) for kind in (Outbound, OneByOne)]
    source = Source(bridges, sequence, timestamp)
    source.do(("next", 3, 0, 0))
    for happening in happenings:
        source.do(happening)
    run, plain = bridges
    assert run.counted() == plain.counted()
    assert run.jitter_ms == pytest.approx(plain.jitter_ms)


def runs(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Have the sizes of what runs take collected."""
    taken: list[int] = []
    take = Run.take

    def noted(self: Run, size: int, now: float) -> bool:
        done = take(self, size, now)
        taken.extend([size] * done)
        return done

    monkeypatch.setattr(Run, "take", noted)
    return taken


def test_nearly_all_packets_are_of_a_run(monkeypatch: pytest.MonkeyPatch) -> None:
    taken = runs(monkeypatch)
    bridge = Bridge(Outbound, 9, 9)
    Source([bridge], 1, 1).do(("next", 500, 0, 0))
    assert bridge.heard.got.packets == 500
    # the first ones, and those in which a voice was looked for
    assert len(taken) > 480


def test_a_flood_is_not_of_a_run_for_longer_than_its_clock_allows(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    taken = runs(monkeypatch)
    bridge = Bridge(Outbound, 9, 9)
    source = Source([bridge], 1, 1)
    source.do(("next", 100, 0, 0))
    before = len(taken)
    for _ in range(500):
        source._say()
    assert len(taken) - before < 60
    assert len(bridge.wire.gone) < 200


def test_no_run_begins_where_timestamps_begin_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    taken = runs(monkeypatch)
    bridge = Bridge(Outbound, 9, 9)
    source = Source([bridge], 101, 2**32 - FRAME + 5 - FRAME)
    source.do(("next", 2, 0, 0))
    assert not taken
    for _ in range(200):
        source._say()
    assert len(taken) < 60
