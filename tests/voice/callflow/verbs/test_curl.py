import pytest

from opentact.voice.callflow.document import read
from opentact.voice.callflow.steps import Fetched
from opentact.voice.callflow.verbs.curl import Curl
from voice.callflow.conversation import NO, converse, wrong


def verb(flow: str) -> Curl:
    [verb] = read(f"<Response>{flow}</Response>".encode()).verbs
    assert isinstance(verb, Curl)
    return verb


def test_is_read_with_its_attributes_and_defaults() -> None:
    assert verb('<Curl url="http://a.example/" response="use"/>').response == "use"
    assert verb('<Curl url="http://a.example/"/>').response == "ignore"


def test_refuses_what_it_cannot_be() -> None:
    assert wrong("<Curl/>").startswith("<Curl")


def test_sends_what_it_says_and_ignores_what_is_answered() -> None:
    headers = '<Header name="X-A">b</Header>'
    flow = f'<Curl url="http://a.example/" method="POST" body="n=1">{headers}</Curl><Say>on</Say>'
    story = converse(flow, Fetched(b"anything"))
    [ask] = story.fetched
    assert (ask.method, ask.url, ask.content) == ("POST", "http://a.example/", "n=1")
    assert (ask.headers, ask.body) == ((("X-A", "b"),), None)
    assert story.heard == ["on"]
    assert story.came_of("Curl[0]").reason == "answered with 8 bytes"


def test_runs_what_is_answered_if_it_is_to_be_used() -> None:
    flow = '<Curl url="http://a.example/" response="use"/><Say>on</Say>'
    assert converse(flow, "<Say>fetched</Say>").heard == ["fetched", "on"]
    assert converse(flow, Fetched(b"")).heard == ["on"]


@pytest.mark.parametrize("response", ["use", "ignore"])
def test_without_an_answer_its_error_runs(response: str) -> None:
    error = "<Error><Say>down</Say></Error>"
    flow = f'<Curl url="http://a.example/" response="{response}">{error}</Curl>'
    assert converse(flow, NO).heard == ["down"]


def test_refuses_more_headers_than_a_request_should_have() -> None:
    headers = '<Header name="a" value="b"/>' * 21
    assert "21 headers" in wrong(f'<Curl url="http://a.example/">{headers}</Curl>')


def test_carries_headers() -> None:
    headers = '<Header name="X-A">b</Header><Header name="c" value="d"/>'
    flow = f'<Curl url="http://a.example/">{headers}</Curl>'
    assert [(header.name, header.value) for header in verb(flow).headers] == [
        ("X-A", "b"),
        ("c", "d"),
    ]


def test_refuses_a_header_that_would_split_the_request() -> None:
    flow = '<Curl url="http://a.example/"><Header name="X: y" value="z"/></Curl>'
    assert wrong(flow) == "<Header name='X: y'>: expected the name of a header"


def test_folds_line_breaks_out_of_a_value() -> None:
    flow = '<Curl url="http://a.example/"><Header name="a" value="b&#13;&#10;c: d"/></Curl>'
    assert verb(flow).headers[0].value == "b c: d"
