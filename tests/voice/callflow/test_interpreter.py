import pytest

from opentact.voice.callflow.document import read
from opentact.voice.callflow.interpreter import start
from opentact.voice.callflow.stage import MAX_FETCHES, MAX_STEPS, Budget, CallFacts
from opentact.voice.callflow.steps import (
    Ask,
    Digits,
    DoAnswer,
    Done,
    DoSay,
    End,
    Ended,
    Failed,
    Fetched,
    Interrupted,
    Reply,
    Report,
    Why,
)
from voice.callflow.conversation import FACTS, converse, drive

FETCHING = b"<Response><Callback>http://a.example/</Callback></Response>"


def test_a_conversation_begins_with_none_and_ends_with_why() -> None:
    run = start(read(b"<Response><Answer/></Response>"), FACTS)
    assert isinstance(run.send(None), DoAnswer)
    report = run.send(Done())
    assert isinstance(report, Report)
    assert report.command.message == "[success] command Answer[0], reason: Call answered"
    with pytest.raises(StopIteration) as stop:
        run.send(None)
    assert stop.value.value == End(Why.DOCUMENT)


def test_every_command_is_reported_once_and_inside_out() -> None:
    story = converse(
        "<Answer/><Call field='state' value='live'><Record><Say>a</Say></Record></Call><Pause/>"
    )
    assert [command.path for command in story.commands] == [
        "Answer[0]",
        "Call[0]/Record[0]/Say[0]",
        "Call[0]/Record[0]",
        "Call[0]",
        "Pause[0]",
    ]
    outermost = story.came_of("Call[0]")
    [child] = outermost.children
    assert (child.name, child.children) == ("Record", ())


def test_paths_count_commands_of_one_name() -> None:
    story = converse("<Say>a</Say><Pause/><Say>b</Say><Scheduler/><Schedule/>")
    assert [command.path for command in story.commands] == [
        *("Say[0]", "Pause[0]", "Say[1]", "Schedule[0]", "Schedule[1]")
    ]


def test_lines_are_those_of_the_document() -> None:
    assert [ask.line for ask in converse("\n<Pause/>\n\n<Pause/>").asks] == [2, 4]


@pytest.mark.parametrize("at", ["DoSay", "Report"])
def test_an_interruption_unwinds_and_reports(at: str) -> None:
    flow = "<Gather dtmf_length='1'><Default><Say>a</Say></Default></Gather><Say>never</Say>"
    run = start(read(f"<Response>{flow}</Response>".encode()), FACTS)
    run.send(None)
    ask = run.send(Digits("", Ended.TIMEOUT))
    assert isinstance(ask, DoSay)
    if at == "Report":
        assert isinstance(run.send(Done()), Report)
    reported = []

    def listen(ask: Ask) -> None:
        assert isinstance(ask, Report)
        reported.append(ask.command.message.removeprefix("[failed] command "))

    end = drive(run, listen, Interrupted("the caller hung up"))
    assert end == End(Why.INTERRUPTED, "the caller hung up")
    assert reported[-2:] == [
        "Gather[0]/Default[0], reason: the caller hung up",
        "Gather[0], reason: the caller hung up",
    ]


def test_an_interruption_runs_no_error_block() -> None:
    flow = "<Say>a</Say><Error><Say>b</Say></Error>"
    story = converse(flow, unless={"Say[0]": Interrupted("replaced")})
    assert story.heard == ["a"]


def test_a_second_interruption_changes_nothing() -> None:
    run = start(read(b"<Response><Record><Say>a</Say></Record></Response>"), FACTS)
    run.send(None)
    run.send(Done())
    assert drive(run, lambda _: Interrupted("later"), Interrupted("first")) == End(
        Why.INTERRUPTED, "first"
    )


def test_a_flow_that_fetches_itself_ends_at_the_limit_of_fetches() -> None:
    fetches: list[Ask] = []

    def answer(ask: Ask) -> Reply | None:
        if isinstance(ask, Report):
            return None
        fetches.append(ask)
        return Fetched(FETCHING)

    end = drive(start(read(FETCHING), FACTS), answer)
    assert end == End(Why.ERROR, "limit reached: 100 fetches per call")
    assert len(fetches) == MAX_FETCHES


def test_the_limits_hold_over_all_flows_of_a_call() -> None:
    budget = Budget(fetches=1)
    flow = "<Callback>http://a.example/</Callback>"
    assert converse(flow, "", budget=budget).end.why is Why.DOCUMENT
    assert converse(flow, budget=budget).end.why is Why.ERROR


def test_a_flow_that_runs_on_and_on_ends_at_the_limit_of_commands() -> None:
    body = "<Pause length='0'/>" * 498
    answer = f"{body}<Callback>http://a.example/</Callback>"
    story = converse(answer, *[answer] * (MAX_STEPS // 499))
    assert story.end == End(Why.ERROR, "limit reached: 10000 commands per call")
    assert len([c for c in story.commands if c.name == "Pause"]) <= MAX_STEPS
    assert not story.came_of("Callback[0]").success


def test_the_limit_of_commands_also_holds_at_the_top() -> None:
    story = converse("<Pause/><Pause/>", budget=Budget(steps=1))
    assert len(story.asks) == 1
    assert story.end.why is Why.ERROR


def test_a_reply_of_the_wrong_kind_is_our_mistake_and_says_so() -> None:
    replies: dict[str, Reply] = {
        "<Say>a</Say>": Fetched(b""),
        "<Gather/>": Done(),
        "<Callback>http://a.example/</Callback>": Digits("", Ended.TIMEOUT),
    }
    for flow, reply in replies.items():
        run = start(read(f"<Response>{flow}</Response>".encode()), FACTS)
        run.send(None)
        with pytest.raises(TypeError, match="was sent"):
            run.send(reply)


def test_a_run_may_be_dropped_half_way() -> None:
    run = start(read(b"<Response><Record><Say>a</Say></Record></Response>"), FACTS)
    run.send(None)
    run.send(Done())
    run.close()


def test_facts_are_asked_for_when_they_are_needed() -> None:
    asked: list[str] = []

    def fields() -> dict[str, str]:
        asked.append("x")
        return {}

    facts = CallFacts(fields=fields, app="a")
    converse("<Say>a</Say>", facts=facts)
    assert asked == []
    converse("<Callback>http://a.example/</Callback>", Failed("x"), facts=facts)
    assert asked == ["x"]
