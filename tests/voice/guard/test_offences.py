import pytest

from opentact.voice.guard.offences import BAN_AT, LADDER, LEAK_PER_S, OFFENCES, duration


@pytest.mark.parametrize(("times", "seconds"), [(1, 600), (2, 3600), (5, 604_800), (90, 604_800)])
def test_bans_grow_up_to_a_week(times: int, seconds: int) -> None:
    assert duration(times) == seconds


def test_the_ladder_only_rises() -> None:
    assert list(LADDER) == sorted(set(LADDER))


def test_a_phone_with_an_old_password_is_forgiven_faster_than_it_tries() -> None:
    assert OFFENCES["wrong_password"].points < 60 * LEAK_PER_S


def test_one_message_of_a_scanner_is_enough() -> None:
    assert [what for what, each in OFFENCES.items() if each.points >= BAN_AT] == ["scanner"]
