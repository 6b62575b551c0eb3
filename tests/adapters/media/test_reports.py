import socket

import pytest

from adapters.media.bench import HOST, WALL, Bench, Phone
from opentact.voice.rtp import rtcp


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
    # the last report is at most 7.5 s old, and 7.6 s have gone by
    assert 1 <= report.packets <= 380
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
    report = phone.is_told()[0][0]
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
        "mos": 4.24,
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
        "mos": None,
    }
