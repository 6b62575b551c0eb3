from opentact.voice.callflow.call_steps import DoHold
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


def test_holds_for_its_time_and_goes_on() -> None:
    story = converse('<Hold timeout="60000"/><Say>on</Say>')
    [ask] = [ask for ask in story.asks if isinstance(ask, DoHold)]
    assert ask.timeout_ms == 60_000
    assert story.heard == ["on"]
