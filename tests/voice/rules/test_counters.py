from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from opentact.kit.ids import new_id
from opentact.voice.rules.counters import LONGEST_WAIT_S, Channels, Pacer, Velocity

KEY, OTHER = new_id(), new_id()


def test_a_channel_is_in_use_until_its_call_leaves() -> None:
    channels = Channels()
    channels.enter(KEY, OTHER)
    channels.enter(KEY)
    assert (channels.of(KEY), channels.of(OTHER)) == (2, 1)
    channels.leave(KEY, OTHER)
    assert (channels.of(KEY), channels.of(OTHER)) == (1, 0)


@given(st.lists(st.booleans(), max_size=30))
def test_channels_never_go_below_none(steps: list[bool]) -> None:
    channels = Channels()
    for enters in steps:
        (channels.enter if enters else channels.leave)(KEY)
        assert channels.of(KEY) >= 0


def test_calls_leave_at_the_pace_and_the_queue_is_bounded() -> None:
    pacer = Pacer()
    turns = [pacer.turn(KEY, 2, now=10.0) for _ in range(20)]
    taken = [turn for turn in turns if turn is not None]
    assert taken == [n / 2 for n in range(len(taken))]
    assert taken[-1] <= LONGEST_WAIT_S < taken[-1] + 0.5
    assert turns[len(taken) :] == [None] * (20 - len(taken))


def test_who_comes_at_the_pace_never_waits() -> None:
    pacer = Pacer()
    assert [pacer.turn(KEY, 2, now=n / 2) for n in range(10)] == [0.0] * 10


def test_a_users_calls_are_forgotten_after_a_minute() -> None:
    velocity = Velocity()
    for second in range(5):
        velocity.add(KEY, float(second))
    assert velocity.of(KEY, 59.0) == 5
    assert velocity.of(KEY, 62.0) == 2
    assert velocity.of(OTHER, 0.0) == 0


def test_made_up_users_do_not_fill_the_memory() -> None:
    velocity = Velocity()
    for number in range(20_100):
        velocity.add(UUID(int=number), 0.0)
    assert len(velocity._calls) == 20_000
