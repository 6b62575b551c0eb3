import pytest

from voice.callflow.conversation import NO, converse, wrong

CALLBACK = "<Callback url='http://a.example/'><Error><Say>inside</Say></Error></Callback>"


def test_inside_a_verb_it_runs_when_that_fails() -> None:
    story = converse(CALLBACK, NO)
    assert story.heard == ["inside"]
    assert story.messages[-1] == "[failed] command Callback[0], reason: no"
    assert [c.path for c in story.came_of("Callback[0]").error] == ["Callback[0]/Error[0]"]


def test_among_commands_it_is_of_the_one_before() -> None:
    flow = "<Say>a</Say><Say>b</Say><Error><Say>of b</Say></Error><Say>c</Say>"
    assert converse(flow).heard == ["a", "b", "c"]
    assert converse(flow, unless={"Say[0]": NO}).heard == ["a", "b", "c"]
    assert converse(flow, unless={"Say[1]": NO}).heard == ["a", "b", "of b", "c"]


def test_an_error_may_have_its_own_errors() -> None:
    flow = "<Say>a</Say><Error><Say>b</Say><Error><Say>c</Say></Error></Error>"
    story = converse(flow, unless={"Say[0]": NO, "Error[0]/Say[0]": NO})
    assert story.heard == ["a", "b", "c"]


def test_without_one_the_flow_goes_on() -> None:
    flow = "<Callback url='http://a.example/'/><Say>on</Say>"
    assert converse(flow, NO).heard == ["on"]


@pytest.mark.parametrize("flow", ["<Error/>", "<Record><Error/><Say>x</Say></Record>"])
def test_needs_a_command_before_it(flow: str) -> None:
    assert wrong(flow) == "<Error> has no command before it; expected one that may fail"
