import pytest

from adapters.media.bench import Bench, Phone
from opentact.adapters.media.commands import Bridge
from opentact.voice.media import MediaStats
from opentact.voice.rtp import rtcp


def test_a_leg_that_nobody_talked_to_has_no_score(bench: Bench, phone: Phone) -> None:
    assert bench.stats(phone.leg) == MediaStats()


def test_what_the_peer_reports_is_its_score_of_us(bench: Bench, phone: Phone) -> None:
    phone.connect()
    bench.run(2)
    ours = phone.hears()[0].ssrc
    block = rtcp.ReportBlock(ours, 26, 10, 100, 80)
    phone.rtcp.sendto(rtcp.build(rtcp.ReceiverReport(7, (block,))), ("127.0.0.1", phone.port + 1))
    bench.run(0.01)
    stats = bench.stats(phone.leg)
    assert stats.peer_lost == pytest.approx(0.1, abs=0.005)
    assert stats.peer_jitter_ms == 10
    assert stats.peer_mos is not None
    assert 2.5 < stats.peer_mos < 3.5
    assert stats.mos is None


def test_the_vitals_say_with_whom_a_leg_is_bridged(bench: Bench, phone: Phone) -> None:
    other = Phone(bench)
    phone.connect()
    phone.says()
    bench.run(0.01)
    bench.engine.execute(phone.leg, Bridge(other.leg))
    [one, two] = bench.engine.vitals()
    assert (one["bridged"], two["bridged"]) == (str(other.leg), str(phone.leg))
    assert one["facts"] == ["first_rtp"]
    assert one["mos"] == 4.4
    other.close()
