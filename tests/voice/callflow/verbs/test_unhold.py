from voice.callflow.conversation import converse


def test_does_not_run_yet_and_fails_into_its_error() -> None:
    story = converse("<Unhold/><Error><Say>x</Say></Error>")
    assert story.heard == ["x"]
    assert "<Unhold> cannot run yet: " in story.came_of("Unhold[0]").reason
