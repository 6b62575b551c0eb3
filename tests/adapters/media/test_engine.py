from pathlib import Path
from uuid import uuid4

import pytest

from adapters.media.bench import Bench, Phone
from opentact.adapters.media.commands import Record
from opentact.adapters.media.outbound import Outbound
from opentact.voice.media import (
    Latched,
    MediaGone,
    MediaStats,
    RecordFailed,
)


def test_a_bug_met_by_one_leg_ends_that_leg_alone(
    bench: Bench, phone: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = Phone(bench)
    phone.connect()
    other.connect()
    true_tick = Outbound.tick

    def broken(out: Outbound, now: float) -> int:
        if out._latch.address == phone.rtp.getsockname():
            raise ZeroDivisionError
        return true_tick(out, now)

    monkeypatch.setattr(Outbound, "tick", broken)
    bench.run(0.2)
    assert bench.events(phone.leg) == [MediaGone("internal error")]
    assert bench.events(other.leg) == []
    assert len(other.hears()) == 10
    other.close()


def test_speaks_ipv6(bench: Bench) -> None:
    phone = Phone(bench, "::1", "::1")
    phone.connect()
    phone.says()
    bench.run(0.1)
    assert len(phone.hears()) == 5
    assert bench.events(phone.leg) == [Latched(phone.rtp.getsockname()[:2])]
    phone.close()


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
