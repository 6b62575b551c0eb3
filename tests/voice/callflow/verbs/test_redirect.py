from opentact.voice.callflow.document import read
from opentact.voice.callflow.steps import Why
from opentact.voice.callflow.verbs.redirect import Redirect
from voice.callflow.conversation import converse, wrong


def verb(flow: str) -> Redirect:
    [verb] = read(f"<Response>{flow}</Response>".encode()).verbs
    assert isinstance(verb, Redirect)
    return verb


def test_is_read_with_its_attributes_and_defaults() -> None:
    assert verb('<Redirect method="post">http://a.example/</Redirect>').method == "POST"
    assert verb('<Redirect url="http://a.example/"/>').method == "GET"


def test_refuses_what_it_cannot_be() -> None:
    assert wrong("<Redirect/>").startswith("<Redirect")


def test_does_not_run_yet_and_fails_into_its_error() -> None:
    story = converse('<Redirect url="http://a.example/"/><Error><Say>x</Say></Error><Say>on</Say>')
    assert story.heard == ["x", "on"]
    assert "<Redirect> cannot run yet: " in story.came_of("Redirect[0]").reason


def test_without_an_error_nothing_behind_it_runs() -> None:
    story = converse('<Redirect url="http://a.example/"/><Say>on</Say>')
    assert story.heard == []
    assert story.end.why is Why.ERROR
