from opentact.voice.callflow.document import read
from opentact.voice.callflow.verbs.hold import Hold
from voice.callflow.conversation import converse, wrong


def verb(flow: str) -> Hold:
    [verb] = read(f"<Response>{flow}</Response>".encode()).verbs
    assert isinstance(verb, Hold)
    return verb


def test_is_read_with_its_attributes_and_defaults() -> None:
    assert verb('<Hold timeout="60000"/>').timeout_ms == 60000
    assert verb("<Hold/>").timeout_ms == 300000


def test_refuses_what_it_cannot_be() -> None:
    assert wrong('<Hold timeout="x"/>').startswith("<Hold")


def test_does_not_run_yet_and_fails_into_its_error() -> None:
    story = converse("<Hold/><Error><Say>x</Say></Error><Say>on</Say>")
    assert story.heard == ["x", "on"]
    assert "<Hold> cannot run yet: " in story.came_of("Hold[0]").reason
