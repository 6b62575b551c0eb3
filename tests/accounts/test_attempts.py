"""Failed logins are counted in a moving window."""

import pytest

from opentact.accounts import attempts
from opentact.accounts.attempts import MOST_FAILURES, WINDOW_S, Attempts, TooManyAttempts


class Watch:
    def __init__(self) -> None:
        self.at = 1000.0

    def __call__(self) -> float:
        return self.at


def used_up(watch: Watch, *names: str) -> Attempts:
    made = Attempts(watch)
    for _ in range(MOST_FAILURES):
        made.check(*names)
        made.failed(*names)
    return made


def test_after_so_many_failures_the_next_try_is_refused_with_its_wait() -> None:
    with pytest.raises(TooManyAttempts) as refused:
        used_up(Watch(), "ann").check("ann")
    assert refused.value.retry_after == WINDOW_S + 1


def test_either_name_is_enough_and_others_are_free() -> None:
    made = used_up(Watch(), "user ann", "address 1")
    with pytest.raises(TooManyAttempts):
        made.check("user bob", "address 1")
    made.check("user bob", "address 2")


def test_the_window_moves() -> None:
    watch = Watch()
    made = used_up(watch, "ann")
    watch.at += WINDOW_S - 1
    with pytest.raises(TooManyAttempts) as refused:
        made.check("ann")
    assert refused.value.retry_after == 2
    watch.at += 1
    made.check("ann")


def test_success_forgets_the_failures_of_that_name_only() -> None:
    made = used_up(Watch(), "user ann", "address 1")
    made.succeeded("user ann")
    made.check("user ann")
    with pytest.raises(TooManyAttempts):
        made.check("address 1")


def test_strangers_cannot_make_it_grow_without_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attempts, "MOST_TRACKED", 10)
    made = used_up(Watch(), "old")
    for n in range(50):
        made.failed(f"stranger {n}")
    assert len(made._failed) == 10
    made.check("old")
