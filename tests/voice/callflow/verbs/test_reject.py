from opentact.voice.callflow.steps import Why
from voice.callflow.conversation import converse


def test_does_not_run_yet_and_fails_into_its_error() -> None:
    story = converse("<Reject/><Error><Say>x</Say></Error>")
    assert story.heard == ["x"]
    assert "<Reject> cannot run yet: " in story.came_of("Reject[0]").reason


def test_without_an_error_nothing_behind_it_runs() -> None:
    story = converse("<Reject/><Answer/>")
    assert story.asks == []
    assert story.end.why is Why.ERROR
