from datetime import UTC, datetime

import pytest

from opentact.numbers.periods import Period


def ends(year: int, count: int, *, day: int = 31, months: int = 1) -> list[str]:
    period, moment, story = Period(months), datetime(year, 1, day, 17, tzinfo=UTC), list[str]()
    for _ in range(count):
        moment = period.after(moment, anchor=day)
        story.append(f"{moment:%m-%d}")
    return story


def test_the_last_of_january_comes_back_after_february() -> None:
    assert ends(2023, 4) == ["02-28", "03-31", "04-30", "05-31"]
    assert ends(2024, 2) == ["02-29", "03-31"]


def test_other_days_stay_what_they_are() -> None:
    assert ends(2024, 3, day=16) == ["02-16", "03-16", "04-16"]


@pytest.mark.parametrize("months", [1, 3, 12])
def test_a_year_has_as_many_periods_as_fit(months: int) -> None:
    period, moment = Period(months), datetime(2024, 2, 29, tzinfo=UTC)
    for _ in range(12 // months):
        moment = period.after(moment, anchor=29)
    assert moment == datetime(2025, 2, 28, tzinfo=UTC)
