from opentact.voice.callflow.steps import DoAnswer, Done
from voice.callflow.conversation import NO, converse, wrong


def test_answers_and_waits_as_long_as_asked() -> None:
    story = converse('<Answer delay="500" tag="in"/>')
    [ask] = story.asks
    assert isinstance(ask, DoAnswer)
    assert (ask.delay_ms, ask.path, ask.line, ask.tag) == (500, "Answer[0]", 1, "in")
    assert story.messages == ["[success] command Answer[0], reason: Call answered"]


def test_without_a_delay_goes_on_at_once() -> None:
    [ask] = converse("<Answer/>").asks
    assert isinstance(ask, DoAnswer)
    assert ask.delay_ms == 0


def test_tells_what_the_call_says_of_it() -> None:
    story = converse("<Answer/>", unless={"Answer[0]": Done("Call was answered before")})
    assert story.came_of("Answer[0]").reason == "Call was answered before"


def test_fails_into_the_error_behind_it() -> None:
    story = converse("<Answer/><Error><Say>x</Say></Error>", unless={"Answer[0]": NO})
    assert story.heard == ["x"]


def test_refuses_a_delay_that_is_no_time() -> None:
    for delay in ("-1", "3600001", "1.5", "1s", "٣", ""):
        assert wrong(f'<Answer delay="{delay}"/>').endswith(
            "expected a whole number from 0 to 3600000 ms"
        )
