import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from opentact.events.log import Logged
from opentact.events.subscriptions import (
    Channel,
    EventType,
    Subscription,
    Wanted,
    numbers_in,
    wanted_of,
)
from opentact.kit.ids import new_id

NOON = datetime(2024, 1, 16, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def subscription(type_: str, **fields: Any) -> Subscription:
    return Subscription(
        created_on=NOON,
        modified_on=NOON,
        account_uuid=new_id(),
        user_uuid=new_id(),
        channel=Channel.WSS,
        type=EventType(type_),
        **fields,
    )


def event(type_: str, **frame: object) -> Logged:
    return Logged(new_id(), new_id(), 1, type_, None, json.dumps(frame))


def test_without_subscriptions_everything_is_wanted() -> None:
    assert wanted_of([], NOON) == Wanted()
    assert Wanted().allows(event("anything"))


def test_with_one_only_its_type_is_wanted() -> None:
    wanted = wanted_of([subscription("sms")], NOON)
    assert wanted.allows(event("sms"))
    assert not wanted.allows(event("balance"))


@pytest.mark.parametrize("muted", [{"is_active": False}, {"expired_on": NOON}])
def test_a_muted_one_still_counts(muted: dict[str, Any]) -> None:
    wanted = wanted_of([subscription("sms", **muted)], NOON)
    assert not wanted.allows(event("sms"))
    assert not wanted.allows(event("balance"))


def test_the_soonest_end_is_told() -> None:
    ends = [None, NOON - HOUR, NOON + 2 * HOUR, NOON + HOUR]
    wanted = wanted_of([subscription("sms", expired_on=end) for end in ends], NOON)
    assert wanted.changes_on == NOON + HOUR


def test_a_number_narrows_where_a_frame_says_one() -> None:
    numbers = [subscription("sms", tn="+12015550100"), subscription("sms", tn="12015550101")]
    wanted = wanted_of(numbers, NOON)
    assert wanted.allows(event("sms", payload={"tn": {"tn": 12015550100}}))
    assert wanted.allows(event("sms", payload={"tn": "12015550101"}))
    assert not wanted.allows(event("sms", payload={"tn": {"tn": 12015550102}}))
    assert wanted.allows(event("sms", payload={}))
    everything = wanted_of([*numbers, subscription("sms")], NOON)
    assert everything.allows(event("sms", payload={"tn": {"tn": 12015550102}}))


@pytest.mark.parametrize(
    "frame",
    [
        {"call": {"tn": {"tn": 12015550100}}},
        {"payload": {"call": {"tn": {"tn": "+12015550100"}}}},
        {"payload": {"tn": 12015550100}},
        {"tn": "12015550100"},
    ],
)
def test_numbers_are_found_wherever_frames_have_them(frame: dict[str, Any]) -> None:
    assert numbers_in(frame) == {"12015550100"}


@pytest.mark.parametrize("payload", [None, 5.5, [], {"tn": None}, {"call": "x"}, {"tn": []}])
def test_a_frame_without_number_names_none(payload: object) -> None:
    assert numbers_in({"payload": payload, "call": None}) == frozenset()
