from opentact.voice.callflow.call_steps import DoUnhold
from voice.callflow.conversation import converse


def test_takes_the_call_off_hold_and_goes_on() -> None:
    story = converse("<Unhold/><Say>on</Say>")
    assert isinstance(story.asks[0], DoUnhold)
    assert story.heard == ["on"]
