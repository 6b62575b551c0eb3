"""Whatever is written: it is refused with places inside the document, or it runs to an end."""

import re
from xml.sax.saxutils import escape, quoteattr

from hypothesis import given, settings
from hypothesis import strategies as st

from opentact.voice.callflow.document import FlowDocument, elements, read
from opentact.voice.callflow.faults import FlowRefused
from opentact.voice.callflow.interpreter import start
from opentact.voice.callflow.rehearsal import rehearse
from opentact.voice.callflow.stage import Budget
from opentact.voice.callflow.steps import (
    Ask,
    Digits,
    DoCollect,
    DoFetch,
    Done,
    Ended,
    Failed,
    Fetched,
    Interrupted,
    Reply,
    Report,
)
from opentact.voice.callflow.verbs import ELEMENTS
from voice.callflow.conversation import FACTS, drive

NEWLINE = "\n"
NAMES = st.sampled_from([*elements(), "Foo", "say"])
ATTRIBUTES = sorted({"tag", "bogus", *(a.name for e in ELEMENTS for a in e.grammar.attributes)})
VALUES = st.sampled_from(
    [*("1", "0", "-5", "", " ", "true", "12#", "http://a.example/?x=1&y=2", "12015550123", "#")]
) | st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=8)


ATTRIBUTE = st.builds(
    lambda name, value: f"\n {name}={quoteattr(value)}", st.sampled_from(ATTRIBUTES), VALUES
)


def wild_around(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Any element of any name with any attributes around it."""
    return st.builds(
        lambda name, attribute, text, inside: (
            f"<{name}{attribute}>{escape(text)}{''.join(inside)}</{name}>"
        ),
        *(NAMES, st.just("") | ATTRIBUTE, st.just("") | VALUES, st.lists(inner, max_size=3)),
    )


WILD_TREES = st.recursive(wild_around(st.just("")), wild_around, max_leaves=10)


SOUND = [
    *("<Answer/>", "<Say>a</Say>", "<Play>http://a.example/x.wav</Play>", "<Hangup tag='x'/>"),
    *("<Pause dtmf_stop='1#'/>", "<Record tag='r'/>", "<Dial>12015550123</Dial>", "<Reject/>"),
    "<Redirect>http://a.example/</Redirect>",
]


def around(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Commands around commands, some with an Error inside or behind them."""
    return st.one_of(
        inner.map("<Record>{}</Record>".format),
        inner.map("<Call field='state' value='live'>{}</Call>".format),
        inner.map("<Callback>http://a.example/<Error>{}</Error></Callback>".format),
        inner.map("<Say>may fail</Say><Error>{}</Error>".format),
        st.builds(
            "<Gather dtmf_length='2' attempts='2' url='http://a.example/'><Say>q</Say>"
            "<DTMF value='1'>{}</DTMF><Default>{}</Default><Error>{}</Error></Gather>".format,
            *(inner, inner, inner),
        ),
        st.builds(
            "<Gather attempts='2' callback='http://a.example/'><Switch><Case dtmf='1'>{}</Case>"
            "<Error>{}</Error></Switch></Gather>".format,
            *(inner, inner),
        ),
        st.builds("{}{}".format, inner, inner),
    )


SOUND_FLOWS = st.recursive(st.sampled_from(["", *SOUND]), around, max_leaves=12)


def read_or_places(document: bytes) -> FlowDocument | None:
    try:
        return read(document)
    except FlowRefused as refusal:
        findings = refusal.findings
    lines = re.split("\r\n|\r|\n", document.decode(errors="replace"))
    assert findings
    for finding in findings:
        assert 1 <= finding.line <= len(lines)
        assert 1 <= finding.column <= len(lines[finding.line - 1]) + 1
        assert finding.message
    return None


def refused_or_plays_to_an_end(document: bytes) -> None:
    flow = read_or_places(document)
    if flow is not None:
        *_, end = rehearse(flow, FACTS, "1#2,")
        assert end.event == "end"


@given(st.lists(WILD_TREES, max_size=4))
def test_any_tree_is_refused_with_places_or_plays_to_an_end(trees: list[str]) -> None:
    refused_or_plays_to_an_end(f"<Response>\n{NEWLINE.join(trees)}</Response>".encode())


@given(st.binary(max_size=200))
def test_any_bytes_are_refused_with_places_or_play_to_an_end(document: bytes) -> None:
    refused_or_plays_to_an_end(document)


@given(SOUND_FLOWS, st.binary(max_size=6), st.integers(0, 400))
def test_a_flow_with_bytes_struck_in_is_read_or_refused(
    commands: str, blow: bytes, at: int
) -> None:
    document = f"<Response>{commands}</Response>".encode()
    read_or_places(document[:at] + blow + document[at:])


def replies(ask: Ask, fetched: str) -> list[Reply]:
    match ask:
        case DoCollect():
            return [*(Digits(keys, Ended.TIMEOUT) for keys in ("", "1", "9")), Failed("x")]
        case DoFetch():
            answer = f"<Response>{fetched}</Response>".encode()
            return [Fetched(answer), Fetched(b"no"), Failed("x")]
        case _:
            return [Done(), Done(barged=True), Failed("x")]


@settings(max_examples=150, deadline=None)
@given(SOUND_FLOWS, SOUND_FLOWS, st.data())
def test_any_conversation_ends_and_reports_each_command_once(
    commands: str, fetched: str, data: st.DataObject
) -> None:
    budget = Budget(fetches=5, steps=200)
    run = start(read(f"<Response>{commands}</Response>".encode()), FACTS, budget)
    reported: list[str] = []

    def live(ask: Ask) -> Reply | None:
        if isinstance(ask, Report):
            reported.append(ask.path)
            return None
        if data.draw(st.integers(0, 30)) == 0:
            return Interrupted("cut")
        return data.draw(st.sampled_from(replies(ask, fetched)))

    drive(run, live)
    assert len(reported) == 200 - budget.steps
