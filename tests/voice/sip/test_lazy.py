import pytest

from opentact.voice.sip.lazy import lazy


class Thing:
    def __init__(self) -> None:
        self.asked = 0

    @lazy
    def answer(self) -> int:
        """Work it out."""
        self.asked += 1
        if self.asked == 1:
            raise ValueError("not yet")
        return 42


def test_a_value_is_worked_out_once() -> None:
    thing = Thing()
    with pytest.raises(ValueError, match="not yet"):
        _ = thing.answer
    assert (thing.answer, thing.answer) == (42, 42)
    assert thing.asked == 2


def test_the_class_shows_what_it_has() -> None:
    assert Thing.answer.__doc__ == "Work it out."
