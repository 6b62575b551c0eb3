"""What flows ask about the whole call is asked by the verbs (verbs/); here is what all share."""

import pytest

from opentact.voice.callflow import call_steps
from opentact.voice.callflow.call_steps import DoNote
from opentact.voice.callflow.steps import Ask, At

KINDS = [kind for name, kind in vars(call_steps).items() if name.startswith("Do")]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_ask_is_one(kind: type[Ask]) -> None:
    assert issubclass(kind, Ask)


def test_an_ask_says_which_command_it_is_for() -> None:
    ask = DoNote(at=At("Meta[0]", 3, "t"), name="a", value="b")
    assert (ask.path, ask.line, ask.tag) == ("Meta[0]", 3, "t")
