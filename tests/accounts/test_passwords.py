"""Passwords: right or wrong, remembered for a minute, never kept."""

from collections.abc import Iterator

import pytest

from opentact.accounts import passwords as module
from opentact.accounts.passwords import REMEMBERED_S, Passwords

RIGHT, WRONG = "correct horse battery", "correct horse batterz"


class Watch:
    def __init__(self) -> None:
        self.at = 0.0

    def __call__(self) -> float:
        return self.at


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
def passwords(watch: Watch) -> Iterator[Passwords]:
    made = Passwords(watch, fast=True)
    yield made
    made.close()


async def test_right_is_right_and_wrong_is_wrong(passwords: Passwords) -> None:
    kept = await passwords.hash(RIGHT)
    assert kept.startswith("$argon2id$")
    assert RIGHT not in kept
    assert await passwords.check(RIGHT, kept)
    assert not await passwords.check(WRONG, kept)
    assert await passwords.hash(RIGHT) != kept


async def test_nobodys_password_is_never_right(passwords: Passwords) -> None:
    assert not await passwords.check(RIGHT, None)
    assert not await passwords.check("", None)
    assert not await passwords.check(RIGHT, "no hash at all")


async def test_one_that_was_right_is_not_computed_again_for_a_minute(
    passwords: Passwords, watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    computed: list[str] = []
    verify = passwords._verify

    def counted(password: str, kept: str) -> bool:
        computed.append(password)
        return verify(password, kept)

    monkeypatch.setattr(passwords, "_verify", counted)
    kept = await passwords.hash(RIGHT)
    for at, times in [(0.0, 1), (REMEMBERED_S - 1, 1), (REMEMBERED_S, 2)]:
        watch.at = at
        assert await passwords.check(RIGHT, kept)
        assert len(computed) == times
    assert await passwords.check(WRONG, kept) is False
    assert await passwords.check(WRONG, kept) is False
    assert computed[2:] == [WRONG, WRONG]


async def test_a_changed_password_is_forgotten_at_once(passwords: Passwords) -> None:
    old, new = await passwords.hash(RIGHT), await passwords.hash(WRONG)
    assert await passwords.check(RIGHT, old)
    assert not await passwords.check(RIGHT, new)


async def test_what_is_remembered_is_bounded_and_not_the_password(
    passwords: Passwords, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_REMEMBERED", 3)
    for n in range(10):
        assert await passwords.check(f"{RIGHT} {n}", await passwords.hash(f"{RIGHT} {n}"))
    assert len(passwords._right) <= 3
    assert not any(RIGHT.encode() in mark for mark in passwords._right)
