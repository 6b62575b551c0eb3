from opentact.voice.callflow.document import read
from opentact.voice.callflow.verbs.record_wait import RecordWait
from voice.callflow.conversation import converse, wrong


def verb(flow: str) -> RecordWait:
    [verb] = read(f"<Response>{flow}</Response>".encode()).verbs
    assert isinstance(verb, RecordWait)
    return verb


def test_is_read_with_its_attributes_and_defaults() -> None:
    assert verb('<RecordWait timeout="5"/>').timeout_ms == 5
    assert verb("<RecordWait/>").timeout_ms == 60000


def test_refuses_what_it_cannot_be() -> None:
    assert wrong('<RecordWait timeout="x"/>').startswith("<RecordWait")


def test_does_not_run_yet_and_fails_into_its_error() -> None:
    story = converse("<RecordWait/><Error><Say>x</Say></Error><Say>on</Say>")
    assert story.heard == ["x", "on"]
    assert "<RecordWait> cannot run yet: " in story.came_of("RecordWait[0]").reason
