from opentact.voice.callflow.document import read
from opentact.voice.callflow.verbs.curl import Curl
from voice.callflow.conversation import converse, wrong


def verb(flow: str) -> Curl:
    [verb] = read(f"<Response>{flow}</Response>".encode()).verbs
    assert isinstance(verb, Curl)
    return verb


def test_is_read_with_its_attributes_and_defaults() -> None:
    assert verb('<Curl url="http://a.example/" response="use"/>').response == "use"
    assert verb('<Curl url="http://a.example/"/>').response == "ignore"


def test_refuses_what_it_cannot_be() -> None:
    assert wrong("<Curl/>").startswith("<Curl")


def test_does_not_run_yet_and_fails_into_its_error() -> None:
    story = converse('<Curl url="http://a.example/"/><Error><Say>x</Say></Error><Say>on</Say>')
    assert story.heard == ["x", "on"]
    assert "<Curl> cannot run yet: " in story.came_of("Curl[0]").reason


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
