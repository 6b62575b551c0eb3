from collections import Counter
from dataclasses import dataclass, field

import pytest

from opentact.adapters.media.wheel import Wheel


@dataclass(eq=False)
class Tick:
    """Writes down when it was ticked, and what it was told to skip."""

    ptime: int = 20
    closed: bool = False
    times: list[float] = field(default_factory=list)
    passed: int = 0
    broken: bool = False

    def tick(self, now: float) -> None:
        if self.broken:
            raise RuntimeError
        self.times.append(round(now, 6))

    def skipped(self, milliseconds: int) -> None:
        self.passed += milliseconds


def wheel(failed: list[Tick] | None = None) -> Wheel[Tick]:
    return Wheel(100.0, (failed if failed is not None else []).append)


def turn_each_ms(made: Wheel[Tick], begin: int, end: int) -> None:
    for milliseconds in range(begin, end):
        made.turn(100 + milliseconds / 1_000)


@pytest.mark.parametrize("ptime", [10, 20, 30, 60])
def test_each_is_ticked_every_packet_time(ptime: int) -> None:
    made, one = wheel(), Tick(ptime)
    made.add(one, 100.0)
    turn_each_ms(made, 0, 601)
    gaps = {round(b - a, 6) for a, b in zip(one.times, one.times[1:], strict=False)}
    assert gaps == {ptime / 1_000}
    assert len(one.times) == 600 // ptime


def test_legs_are_spread_over_the_packet_time() -> None:
    made = wheel()
    legs = [Tick() for _ in range(100)]
    for leg in legs:
        made.add(leg, 100.0)
    turn_each_ms(made, 0, 21)
    at = Counter(leg.times[0] for leg in legs)
    assert set(at.values()) == {5}
    assert len(at) == 20


def test_says_when_it_wants_to_be_turned() -> None:
    made = wheel()
    assert made.wake_at is None
    made.add(Tick(), 100.0)
    assert made.wake_at == pytest.approx(100.001)
    made.turn(100.001)
    assert made.wake_at == pytest.approx(100.021)


def test_after_a_long_rest_a_new_leg_is_served_at_once() -> None:
    made, one = wheel(), Tick()
    made.add(one, 5_000.0)
    assert made.wake_at == pytest.approx(5_000.001)
    made.turn(5_000.001)
    assert one.times == [5_000.001]
    assert one.passed == 0


def test_a_little_late_it_catches_up() -> None:
    made, one = wheel(), Tick()
    made.add(one, 100.0)
    made.turn(100.090)
    assert len(one.times) == 5
    assert one.passed == 0
    assert made.wake_at == pytest.approx(100.101)


def test_very_late_time_is_passed_over_rather_than_sent_in_a_burst() -> None:
    made, one = wheel(), Tick()
    made.add(one, 100.0)
    made.turn(103.0)
    assert len(one.times) == 1 or one.passed > 2_900
    assert one.passed == 3_000
    turn_each_ms(made, 3_000, 3_101)
    assert len(one.times) == 5


def test_the_closed_fall_off() -> None:
    made, one = wheel(), Tick()
    made.add(one, 100.0)
    one.closed = True
    turn_each_ms(made, 0, 50)
    assert one.times == []
    assert made.wake_at is None


def test_ones_failure_is_its_own() -> None:
    failed: list[Tick] = []
    made, good, bad = wheel(failed), Tick(), Tick(broken=True)
    made.add(bad, 100.0)
    made.add(good, 100.0)
    turn_each_ms(made, 0, 50)
    assert failed == [bad]
    assert len(good.times) == 3
