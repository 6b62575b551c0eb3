import pytest

from opentact.voice.callflow.stage import CallFacts
from voice.callflow.conversation import converse, wrong


def holds(field: str, value: str) -> bool:
    story = converse(f'<Call field="{field}" value="{value}"><Say>yes</Say></Call><Say>on</Say>')
    assert story.heard[-1] == "on"
    assert story.came_of("Call[0]").success
    return story.heard == ["yes", "on"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("from", "+12015550100"),
        ("from", "12015550100"),
        ("to", "+12015550199"),
        ("state", "live"),
        ("duration", "7"),
        ("duration", "7.0"),
        ("parent", "null"),
        ("no_such_field", "null"),
        ("recorded", "false"),
        ("recorded", "False"),
    ],
)
def test_runs_its_children_if_the_field_has_the_value(field: str, value: str) -> None:
    assert holds(field, value)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("from", "+12015550101"),
        ("from", "null"),
        ("state", "Live"),
        ("state", ""),
        ("duration", "8"),
        ("duration", "seven"),
        ("duration", "\u0667"),
        ("duration", "7_"),
        ("parent", ""),
        ("recorded", "0"),
    ],
)
def test_passes_them_over_else(field: str, value: str) -> None:
    assert not holds(field, value)


def test_looks_at_the_call_as_it_is_then() -> None:
    states = iter(["ringing", "live"])
    facts = CallFacts(fields=lambda: {"state": next(states)}, app="a")
    flow = '<Call field="state" value="live"><Say>{}</Say></Call>'
    assert converse(flow.format("1") + flow.format("2"), facts=facts).heard == ["2"]


def test_says_what_it_found() -> None:
    story = converse('<Call field="state" value="live"/><Call field="state" value="x"/>')
    assert [command.reason for command in story.commands] == [
        "state is live, 0 commands run",
        "state is not x",
    ]


def test_refuses_a_field_that_is_no_name() -> None:
    assert "expected the name of a field" in wrong('<Call field="a b" value="1"/>')
