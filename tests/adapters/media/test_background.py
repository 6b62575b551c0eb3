import os
from threading import Event

import pytest

from opentact.adapters.media.background import Background


def done_by(background: Background) -> object:
    """Have a job done that tells how its thread is scheduled."""
    done, told = Event(), list[object]()

    def job() -> tuple[int, int]:
        return os.sched_getscheduler(0), os.sched_getparam(0).sched_priority

    background.run(job, told.append)
    background.run(done.set, lambda _: None)
    assert done.wait(5)
    background.deliver()
    return told[0]


@pytest.mark.parametrize(
    ("policy", "urgent", "then"),
    [
        (os.SCHED_RR | os.SCHED_RESET_ON_FORK, True, (os.SCHED_RR, 1)),
        (os.SCHED_RR | os.SCHED_RESET_ON_FORK, False, None),
        (os.SCHED_OTHER, True, None),
    ],
)
def test_urgent_jobs_come_right_behind_a_tick_that_comes_first(
    monkeypatch: pytest.MonkeyPatch, policy: int, then: object, *, urgent: bool
) -> None:
    asked: list[tuple[int, int]] = []
    monkeypatch.setattr(os, "sched_getscheduler", lambda _: policy)
    monkeypatch.setattr(
        os,
        "sched_setscheduler",
        lambda _, wanted, parameters: asked.append((wanted, parameters.sched_priority)),
    )
    background = Background("test", urgent=urgent)
    done_by(background)
    background.close()
    assert asked == ([then] if then else [])


def test_a_thread_that_may_not_come_first_does_its_jobs_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refused(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "sched_getscheduler", lambda _: os.SCHED_RR)
    monkeypatch.setattr(os, "sched_setscheduler", refused)
    background = Background("test", urgent=True)
    assert done_by(background) is not None
    background.close()


def test_what_is_begun_is_done_before_the_close_and_what_that_begins_too() -> None:
    background, told = Background("test"), []

    def first(result: object) -> None:
        told.append(result)
        background.run_beside(lambda: "slow", told.append)

    background.run(lambda: "quick", first)
    background.close()
    assert told == ["quick", "slow"]
