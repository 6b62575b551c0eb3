import pytest

from adapters.media.bench import Bench, Phone
from opentact.adapters.media.commands import SendDigits


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
