from typing import get_args

from opentact.voice.sip.effects import ENDS, LegEvent, NoAck


def test_the_ends_are_events_of_a_leg() -> None:
    assert set(ENDS) < set(get_args(LegEvent))


def test_events_are_values() -> None:
    assert NoAck() == NoAck()
    assert len({NoAck(), NoAck()}) == 1
