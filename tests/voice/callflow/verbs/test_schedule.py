from datetime import UTC, datetime

import pytest

from opentact.voice.callflow.stage import CallFacts
from voice.callflow.conversation import converse, wrong


def runs(attributes: str, now: str) -> bool:
    moment = datetime.fromisoformat(now).replace(tzinfo=UTC)
    facts = CallFacts(fields=dict, app="a", local_now=lambda: moment)
    story = converse(f"<Schedule {attributes}><Say>x</Say></Schedule>", facts=facts)
    assert story.came_of("Schedule[0]").success
    return story.heard == ["x"]


# 2026-01-05 was a Monday.
OFFICE = 'dow="mon,tue, Wed,thu,fri" time="09:00:00-17:59:59"'


@pytest.mark.parametrize(
    ("attributes", "now", "expected"),
    [
        ("", "2026-01-05T03:00:00", True),
        (OFFICE, "2026-01-05T08:59:59", False),
        (OFFICE, "2026-01-05T09:00:00", True),
        (OFFICE, "2026-01-09T17:59:59.999", True),
        (OFFICE, "2026-01-05T18:00:00", False),
        (OFFICE, "2026-01-10T12:00:00", False),
        ('dow="sat,sun"', "2026-01-10T12:00:00", True),
        ('time="22:00:00-06:00:00"', "2026-01-05T23:00:00", True),
        ('time="22:00:00-06:00:00"', "2026-01-05T06:00:00", True),
        ('time="22:00:00-06:00:00"', "2026-01-05T06:00:01", False),
        ('time="22:00:00-06:00:00"', "2026-01-05T21:59:59", False),
    ],
)
def test_runs_when_now_is_within(attributes: str, now: str, expected: bool) -> None:  # noqa: FBT001
    assert runs(attributes, now) is expected


def test_says_what_the_time_was() -> None:
    facts = CallFacts(
        fields=dict, app="a", local_now=lambda: datetime(2026, 1, 5, 8, 0, tzinfo=UTC)
    )
    story = converse(f"<Scheduler {OFFICE}><Say>x</Say></Scheduler>", facts=facts)
    assert story.came_of("Schedule[0]").reason == "mon 08:00:00 is outside"


def test_without_a_clock_it_fails() -> None:
    story = converse("<Schedule><Say>x</Say></Schedule><Error><Say>lost</Say></Error>")
    assert story.heard == ["lost"]


@pytest.mark.parametrize(
    "attribute",
    [
        *('dow="monday"', 'dow=""', 'dow="mon,,tue"', 'time="9:00-17:00"', 'time="09:00:00"'),
        *('time="24:00:00-25:00:00"', 'time="09:60:00-10:00:00"'),
    ],
)
def test_refuses_what_is_no_time(attribute: str) -> None:
    assert wrong(f"<Schedule {attribute}/>").startswith("<Schedule ")
