from hypothesis import given
from hypothesis import strategies as st

from opentact.voice.sip.alarms import Alarms


def test_sleepers_are_woken_in_order_and_once() -> None:
    alarms: Alarms[str] = Alarms()
    alarms.set("late", 3.0)
    alarms.set("early", 1.0)
    assert alarms.next == 1.0
    assert [alarms.take(2.0), alarms.take(2.0)] == ["early", None]
    assert len(alarms) == 1


def test_the_last_word_counts() -> None:
    alarms: Alarms[str] = Alarms()
    for at in (5.0, 1.0, 3.0):
        alarms.set("one", at)
    assert alarms.next == 3.0
    assert alarms.take(2.0) is None
    assert alarms.take(3.0) == "one"


def test_none_lets_it_sleep() -> None:
    alarms: Alarms[str] = Alarms()
    alarms.set("one", 1.0)
    alarms.set("one", None)
    alarms.set("never", None)
    assert alarms.next is None
    assert alarms.take(9.0) is None


def test_changing_minds_does_not_pile_up() -> None:
    alarms: Alarms[int] = Alarms()
    for n in range(10_000):
        alarms.set(n % 10, float(n))
    assert len(alarms._heap) <= 64 + 2 * 10 + 1
    for n in range(10):
        alarms.set(n, None)
    assert alarms.next is None


@given(st.lists(st.tuples(st.integers(0, 9), st.none() | st.floats(0, 100)), max_size=300))
def test_it_agrees_with_a_plain_list(settings: list[tuple[int, float | None]]) -> None:
    alarms: Alarms[int] = Alarms()
    plain: dict[int, float] = {}
    for sleeper, at in settings:
        alarms.set(sleeper, at)
        plain.pop(sleeper, None)
        if at is not None:
            plain[sleeper] = at
    assert alarms.next == min(plain.values(), default=None)
    woken = []
    while (sleeper_ := alarms.take(50.0)) is not None:
        woken.append(plain[sleeper_])
    assert woken == sorted(at for at in plain.values() if at <= 50.0)
