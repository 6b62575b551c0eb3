from urllib.parse import parse_qsl, urlsplit

import pytest

from opentact.voice.callflow.steps import DoFetch, Failed, Fetched, Reply
from voice.callflow.conversation import converse, wrong

URL = "https://a.example/flow"
FLOW = f"<Callback url='{URL}'><Error><Say>Down.</Say></Error></Callback><Say>On.</Say>"


def asked(flow: str) -> DoFetch:
    [fetch] = converse(flow, "").fetched
    return fetch


def test_fetches_a_flow_and_runs_it_in_place() -> None:
    story = converse(FLOW, "<Say>Hello.</Say><Pause/>")
    assert story.heard == ["Hello.", "On."]
    assert story.messages[-2] == ("[success] command Callback[0], reason: fetched, 2 commands run")
    assert [c.path for c in story.came_of("Callback[0]").children] == [
        "Callback[0]/Response[0]/Say[0]",
        "Callback[0]/Response[0]/Pause[0]",
    ]


def test_names_the_call_in_its_query() -> None:
    fetch = asked(f"<Callback url='{URL}?k=a+b#top' tag='step 1'/>")
    assert fetch.url.startswith(f"{URL}?k=a+b&from=%2B12015550100&")
    assert "#" not in fetch.url
    assert parse_qsl(urlsplit(fetch.url).query)[1:] == [
        *(("from", "+12015550100"), ("tn", "12015550199"), ("state", "live")),
        *(("sca", "app-uuid"), ("call", "6a1ffcf8-abaf-422a-9bfc-ec1349a2b81c")),
        ("tag", "step 1"),
    ]


def test_asks_as_the_attributes_say() -> None:
    fetch = asked(f"<Callback url='{URL}' method='post' body='true' timeout='100'/>")
    assert (fetch.method, fetch.body, fetch.timeout_ms) == ("POST", "call", 100)
    assert fetch.purpose == "Callback"


@pytest.mark.parametrize("flow", [f"<callback>{URL}</callback>", f"<Callback>{URL}</Callback>"])
def test_the_old_form_has_the_url_as_text(flow: str) -> None:
    fetch = asked(flow)
    assert fetch.path == "Callback[0]"
    assert (fetch.method, fetch.body, fetch.timeout_ms) == ("GET", None, 5_000)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (Failed("HTTP 503"), "HTTP 503"),
        (Fetched(b""), "the answer of a.example: Call flow refused: line 1, column 1: no element"),
        (
            Fetched(b"<html/>"),
            "the answer of a.example: Call flow refused: line 1, column 1: <html>",
        ),
        (Fetched(b"\xff\x00\xfe"), "the answer of a.example: Call flow refused: line 1"),
        (Fetched(b"x" * 10_000_000), "the answer of a.example: Call flow refused: line 1"),
    ],
)
def test_what_is_no_flow_runs_the_error(answer: Reply, reason: str) -> None:
    story = converse(FLOW, answer)
    assert story.heard == ["Down.", "On."]
    assert story.came_of("Callback[0]").reason.startswith(reason)


def test_a_password_in_the_url_is_not_repeated_in_events() -> None:
    story = converse("<Callback>https://me:secret@a.example/</Callback>", Fetched(b"no"))
    assert "secret" not in story.came_of("Callback[0]").reason


def test_what_fails_inside_the_fetched_flow_is_not_the_callbacks_failure() -> None:
    story = converse(FLOW, "<Dial>12015550123</Dial>")
    assert story.heard == ["On."]


def test_a_hangup_in_the_fetched_flow_ends_all() -> None:
    story = converse(FLOW, "<Hangup tag='x'/>")
    assert story.heard == []
    assert story.end.tag == "x"


@pytest.mark.parametrize(
    ("flow", "finding"),
    [
        ("<Callback/>", "<Callback> lacks its url; expected as attribute or text: an http or"),
        (f"<Callback url='{URL}' method='PUT'/>", "<Callback method='PUT'>: expected one of GET"),
        (f"<Callback url='{URL}' body='yes'/>", "<Callback body='yes'>: expected true or false"),
        (f"<Callback url='{URL}' timeout='0'/>", "<Callback timeout='0'>: expected a whole"),
        (f"<Callback url='{URL}'><Say>x</Say></Callback>", "<Say> may not stand in <Callback>"),
    ],
)
def test_refuses_what_cannot_be_fetched(flow: str, finding: str) -> None:
    assert wrong(flow).startswith(finding)
