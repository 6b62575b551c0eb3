"""Black- and whitelists in the order of spec/11 D-3."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opentact.kit.ids import new_id
from opentact.voice.screening import screened
from support.world import NOON


@dataclass
class Profile:
    blacklist: list[str] = field(default_factory=list)
    whitelist: list[str] = field(default_factory=list)
    uuid: UUID = field(default_factory=new_id)
    name: str = "mine"
    modified_on: datetime = NOON


CALLER = "+12025550123"


@pytest.mark.parametrize(
    ("blacklist", "whitelist", "refused_by"),
    [
        ([], [], None),
        (["12025550123"], [], "blacklist"),
        (["2025550123"], [], "blacklist"),
        (["1202*"], [], "blacklist"),
        (["120255501%%"], [], "blacklist"),
        (["1202555012"], [], None),
        (["120255501%"], [], None),
        ([], ["12025550123"], None),
        ([], ["1415*"], "whitelist"),
        (["12025550123"], ["12025550123"], None),
        (["12025550123"], ["1202*"], "blacklist"),
        (["1202*"], ["12025550123"], None),
        (["1202*"], ["12025*"], None),
    ],
)
def test_exact_goes_before_mask_and_white_before_black(
    blacklist: list[str], whitelist: list[str], refused_by: str | None
) -> None:
    assert screened(Profile(blacklist, whitelist), CALLER) == refused_by


@pytest.mark.parametrize(
    ("blacklist", "whitelist", "refused_by"),
    [
        (["1202*"], [], None),
        (["anonymous"], [], "blacklist"),
        (["*"], [], "blacklist"),
        ([], ["1202*"], "whitelist"),
        ([], ["1202*", "anonymous"], None),
    ],
)
@pytest.mark.parametrize("shown", [(CALLER, True), ("anonymous", False), ("", False)])
def test_who_withholds_his_number_is_anonymous(
    blacklist: list[str], whitelist: list[str], refused_by: str | None, shown: tuple[str, bool]
) -> None:
    caller, withheld = shown
    assert screened(Profile(blacklist, whitelist), caller, withheld=withheld) == refused_by


def test_changed_lists_count_from_the_next_call() -> None:
    profile = Profile(["12025550123"])
    assert screened(profile, CALLER) == "blacklist"
    profile.blacklist, profile.modified_on = [], NOON.replace(hour=13)
    assert screened(profile, CALLER) is None


MASKS = st.lists(st.text("0123456789*%", min_size=1, max_size=32), max_size=20)


@given(MASKS, MASKS, st.text(max_size=40))
def test_any_lists_answer_at_once(blacklist: list[str], whitelist: list[str], caller: str) -> None:
    assert screened(Profile(blacklist, whitelist), caller) in {None, "blacklist", "whitelist"}


def test_a_mask_made_to_take_long_does_not() -> None:
    assert screened(Profile(["*1" * 16] * 1000), "1" * 15 + "2") is None
