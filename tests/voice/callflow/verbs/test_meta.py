from opentact.voice.callflow.call_steps import DoNote
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


def test_keeps_a_note_on_the_call() -> None:
    story = converse('<Meta name="a" value="d"/><Say>on</Say>')
    [ask] = [ask for ask in story.asks if isinstance(ask, DoNote)]
    assert (ask.name, ask.value) == ("a", "d")
    assert story.messages[0] == "[success] command Meta[0], reason: a noted"


def test_refuses_a_value_that_fills_every_event() -> None:
    assert wrong(f'<Meta name="a">{"x" * 1025}</Meta>').startswith("<Meta")
