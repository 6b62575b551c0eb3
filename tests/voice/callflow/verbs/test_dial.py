import pytest

from opentact.voice.callflow.call_steps import DoDial
from opentact.voice.callflow.document import read
from opentact.voice.callflow.steps import Failed
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
    assert (verb.timeout_ms, verb.caller_id, verb.record) == (*(20_000, "+12015550100", True),)
    assert dial("<Dial>a@b</Dial>").timeout_ms == 60_000


def test_connects_and_goes_on_when_the_callee_hangs_up() -> None:
    story = converse(
        '<Dial timeout="20000" from="+12015550100" record="record-from-answer">'
        "<To>a@b</To><Number>12015550123</Number></Dial><Say>on</Say>"
    )
    [ask] = [ask for ask in story.asks if isinstance(ask, DoDial)]
    assert (ask.targets, ask.timeout_ms) == (("a@b", "12015550123"), 20_000)
    assert (ask.caller_id, ask.record) == ("+12015550100", True)
    assert story.heard == ["on"]
    assert story.messages[0] == "[success] command Dial[0], reason: Call was connected"


def test_when_nobody_answers_its_error_runs() -> None:
    flow = "<Dial>a@b<Error><Say>busy</Say></Error></Dial><Say>on</Say>"
    story = converse(flow, unless={"Dial[0]": Failed("a@b is busy")})
    assert story.heard == ["busy", "on"]
    assert story.messages[-2] == "[failed] command Dial[0], reason: a@b is busy"


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
