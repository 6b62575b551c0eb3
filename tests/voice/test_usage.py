"""Who uses a thing, in one sentence; tests/api/test_outbound_voice_profiles.py asks for it."""

import pytest

from opentact.accounts.ownership import InUse
from opentact.voice.usage import NAMED, refuse_if_used


def users(count: int) -> list[str]:
    return [f'SIP control app "{number}"' for number in range(count)]


def test_what_nobody_uses_may_go() -> None:
    refuse_if_used("The profile", [])


@pytest.mark.parametrize("count", [1, 2, NAMED])
def test_few_users_are_all_named(count: int) -> None:
    named = ", ".join(users(count))
    with pytest.raises(InUse) as refused:
        refuse_if_used("The profile", users(count))
    assert f"The profile is used by {named}; point these elsewhere" in str(refused.value)


def test_of_many_users_some_are_named_and_the_rest_counted() -> None:
    with pytest.raises(InUse) as refused:
        refuse_if_used("The profile", users(NAMED + 7))
    said = str(refused.value)
    assert said.count("SIP control app") == NAMED
    assert "and 7 more; point" in said
