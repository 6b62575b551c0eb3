from opentact.voice.keys import MOST_KEPT, Keys
from support.virtual_time import virtually


def pressed(keys: str) -> Keys:
    buffer = Keys()
    for key in keys:
        buffer.press(key)
    return buffer


def test_keys_are_taken_in_the_order_they_were_pressed() -> None:
    keys = pressed("12")
    assert [keys.take(), keys.take(), keys.take()] == ["1", "2", None]


def test_a_wanted_key_takes_those_before_it_along() -> None:
    keys = pressed("12#3")
    assert keys.take_one_of("#*") == "#"
    assert keys.take() == "3"
    assert pressed("12").take_one_of("#") is None


def test_a_caller_who_leans_on_a_key_fills_no_memory() -> None:
    keys = pressed("1" * 1000 + "2")
    taken = [keys.take() for _ in range(MOST_KEPT + 1)]
    assert taken[-2:] == ["2", None]


@virtually
async def test_a_key_pressed_before_the_wait_began_to_run_is_not_missed() -> None:
    keys = Keys()
    changed = keys.changed()
    keys.press("1")
    await changed


@virtually
async def test_waits_that_were_given_up_are_forgotten() -> None:
    keys = Keys()
    for _ in range(100):
        keys.changed().cancel()
    one, other = keys.changed(), keys.changed()
    assert len(keys._waiting) == 2
    keys.press("1")
    await one
    await other
