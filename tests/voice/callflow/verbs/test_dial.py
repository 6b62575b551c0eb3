import pytest

from opentact.voice.callflow.document import read
from opentact.voice.callflow.verbs.dial import Dial
from voice.callflow.conversation import converse, wrong


def dial(flow: str) -> Dial:
    [verb] = read(f"<Response>{flow}</Response>".encode()).verbs
    assert isinstance(verb, Dial)
    return verb


def test_is_read_with_all_it_carries() -> None:
    verb = dial(
        '<Dial timeout="20000" from="+12015550100" record="record-from-answer"><To>a@b</To></Dial>'
    )
    assert (verb.timeout_ms, verb.caller_id, verb.record) == (
        *(20_000, "+12015550100", "record-from-answer"),
    )
    assert dial("<Dial>a@b</Dial>").timeout_ms == 60_000


def test_does_not_run_yet_and_says_so() -> None:
    story = converse("<Dial>a@b<Error><Say>busy</Say></Error></Dial><Say>on</Say>")
    assert story.heard == ["busy", "on"]
    assert story.messages[-2] == (
        "[failed] command Dial[0], reason: <Dial> cannot run yet: calls to others are not built"
    )


@pytest.mark.parametrize(
    ("flow", "finding"),
    [
        ("<Dial/>", "<Dial>: expected at least one <To>, <Number>, <Sip> or a target as text"),
        (f"<Dial>{'<To>a@b</To>' * 21}</Dial>", "<Dial>: 21 targets; expected at most 20"),
        ("<Dial><Say>x</Say></Dial>", "<Say> may not stand in <Dial>; expected <To>, <Number>"),
        ('<Dial from="me">a@b</Dial>', "<Dial from='me'>: expected a number in E.164"),
    ],
)
def test_refuses_what_cannot_be_dialled(flow: str, finding: str) -> None:
    assert wrong(flow).startswith(finding)
