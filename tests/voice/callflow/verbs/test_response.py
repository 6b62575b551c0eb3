from opentact.voice.callflow.document import read
from opentact.voice.callflow.steps import End, Why
from voice.callflow.conversation import converse, refusal


def test_an_empty_one_is_a_flow_that_ends_at_once() -> None:
    assert read(b"<Response/>").verbs == ()
    assert converse("").end == End(Why.DOCUMENT)


def test_its_attributes_are_checked_too() -> None:
    assert refusal("<Response loop='1'/>") == [
        "1:1: <Response> has no attribute 'loop'; known are tag"
    ]
