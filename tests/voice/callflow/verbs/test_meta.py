from opentact.voice.callflow.document import read
from opentact.voice.callflow.verbs.meta import Meta
from voice.callflow.conversation import converse, wrong


def verb(flow: str) -> Meta:
    [verb] = read(f"<Response>{flow}</Response>".encode()).verbs
    assert isinstance(verb, Meta)
    return verb


def test_is_read_with_its_attributes_and_defaults() -> None:
    assert verb('<Meta name="a">b c</Meta>').value == "b c"
    assert verb('<Meta name="a" value="d"/>').value == "d"


def test_refuses_what_it_cannot_be() -> None:
    assert wrong('<Meta value="b"/>').startswith("<Meta")


def test_does_not_run_yet_and_fails_into_its_error() -> None:
    story = converse('<Meta name="a" value="d"/><Error><Say>x</Say></Error><Say>on</Say>')
    assert story.heard == ["x", "on"]
    assert "<Meta> cannot run yet: " in story.came_of("Meta[0]").reason
