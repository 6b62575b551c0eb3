import pytest

from opentact.voice.callflow.steps import (
    Ask,
    DoHangup,
    DoPause,
    DoRecordStart,
    DoRecordStop,
    DoSay,
    Interrupted,
    Why,
)
from voice.callflow.conversation import NO, converse


def kinds(asks: list[Ask]) -> list[type[Ask]]:
    return [type(ask) for ask in asks]


def test_with_children_records_while_they_run() -> None:
    story = converse(
        '<Record tag="vm" asr="true" timeout="30000" dtmf_stop="*"><Pause/></Record><Say>x</Say>'
    )
    assert kinds(story.asks) == [DoRecordStart, DoPause, DoRecordStop, DoSay]
    begun, _, ended, _ = story.asks
    assert isinstance(begun, DoRecordStart)
    assert (begun.tag, begun.asr, begun.max_ms, begun.stop_keys) == ("vm", True, 30_000, "*")
    assert begun.silence_ms is None
    assert ended.tag == "vm"
    assert [child.name for child in story.came_of("Record[0]").children] == ["Pause"]


def test_with_children_and_no_timeout_only_they_end_it() -> None:
    begun = converse("<Record><Pause/></Record>").asks[0]
    assert isinstance(begun, DoRecordStart)
    assert begun.max_ms is None


def test_alone_records_beside_what_follows() -> None:
    story = converse('<Record tag="bg"/><Say>x</Say>')
    assert kinds(story.asks) == [DoRecordStart, DoSay]
    begun = story.asks[0]
    assert isinstance(begun, DoRecordStart)
    assert (begun.max_ms, begun.silence_ms, begun.stop_keys) == (60_000, 5_000, "")


def test_one_that_cannot_start_runs_its_error_instead_of_its_children() -> None:
    flow = "<Record><Say>speak</Say></Record><Error><Say>cannot</Say></Error>"
    story = converse(flow, unless={"Record[0]": NO})
    assert story.heard == ["cannot"]
    assert kinds(story.asks) == [DoRecordStart, DoSay]


def test_a_hangup_inside_ends_it_too() -> None:
    story = converse("<Record><Hangup/></Record>")
    assert kinds(story.asks) == [DoRecordStart, DoHangup, DoRecordStop]
    assert story.came_of("Record[0]").success
    assert story.end.why is Why.HANGUP


@pytest.mark.parametrize("depth", [1, 3])
def test_an_interruption_inside_ends_every_recording(depth: int) -> None:
    flow = "<Record>" * depth + "<Pause/>" + "</Record>" * depth
    path = "Record[0]/" * depth + "Pause[0]"
    story = converse(flow + "<Say>never</Say>", unless={path: Interrupted("replaced")})
    assert kinds(story.asks) == [*[DoRecordStart] * depth, DoPause, *[DoRecordStop] * depth]
    assert {command.reason for command in story.commands} == {"replaced"}
    assert story.end.why is Why.INTERRUPTED
