from opentact.voice.callflow.call_steps import DoRecordWait
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


def test_waits_for_the_recording_of_its_tag() -> None:
    story = converse('<RecordWait tag="vm" timeout="5"/><Say>on</Say>')
    [ask] = [ask for ask in story.asks if isinstance(ask, DoRecordWait)]
    assert (ask.tag, ask.timeout_ms) == ("vm", 5)
    assert story.heard == ["on"]
