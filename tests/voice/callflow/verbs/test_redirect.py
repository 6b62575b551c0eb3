from opentact.voice.callflow.document import read
from opentact.voice.callflow.steps import Why
from opentact.voice.callflow.verbs.redirect import Redirect
from voice.callflow.conversation import NO, converse, wrong


def verb(flow: str) -> Redirect:
    [verb] = read(f"<Response>{flow}</Response>".encode()).verbs
    assert isinstance(verb, Redirect)
    return verb


def test_is_read_with_its_attributes_and_defaults() -> None:
    assert verb('<Redirect method="post">http://a.example/</Redirect>').method == "POST"
    assert verb('<Redirect url="http://a.example/"/>').method == "GET"


def test_refuses_what_it_cannot_be() -> None:
    assert wrong("<Redirect/>").startswith("<Redirect")


def test_goes_on_with_what_it_fetches_and_never_comes_back() -> None:
    flow = '<Redirect url="http://a.example/?k=1" tag="t"/><Say>never</Say>'
    story = converse(flow, "<Say>there</Say>")
    assert story.heard == ["there"]
    assert story.fetched[0].url.startswith("http://a.example/?k=1&from=")
    assert (story.end.why, story.end.tag) == (Why.DOCUMENT, "t")


def test_what_cannot_be_had_runs_its_error() -> None:
    flow = '<Redirect url="http://a.example/"/><Error><Say>x</Say></Error><Say>on</Say>'
    assert converse(flow, NO).heard == ["x", "on"]


def test_without_an_error_nothing_behind_it_runs() -> None:
    story = converse('<Redirect url="http://a.example/"/><Say>on</Say>', NO)
    assert story.heard == []
    assert story.end.why is Why.ERROR
