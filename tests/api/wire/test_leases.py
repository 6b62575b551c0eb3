"""How leases are spelt; the frames of their events are held by test_golden.py."""

from datetime import datetime
from typing import Any
from uuid import UUID

import pytest

from opentact.api.wire.accounts import account_short, user_out
from opentact.api.wire.leases import (
    LeaseAround,
    LeaseOut,
    SubscriptionOut,
    lease_out,
    short_out,
    user_short,
)
from opentact.numbers.leases import Lease, Subscription
from opentact.numbers.targets import Short, Target
from support.samples import ACCOUNT, AT, LEASE, NEXT_MONTH, USER, uuid
from support.shapes import members, tells_a_secret

TARGETS = {kind: uuid(70 + number) for number, kind in enumerate(Target)}


def lease(**more: Any) -> Lease:
    known: dict[str, Any] = {
        "uuid": LEASE,
        "created_on": AT,
        "modified_on": AT,
        "tn": 12015550100,
        "account_uuid": ACCOUNT.uuid,
        "expired_on": NEXT_MONTH,
        "order_uuid": uuid(40),
        "created_by": USER.uuid,
        "modified_by": USER.uuid,
        "emergency": True,
    }
    return Lease(**{**known, **more})


def subscription(kind: str) -> Subscription:
    return Subscription(
        uuid=uuid(80),
        created_on=AT,
        modified_on=AT,
        lease_uuid=LEASE,
        type=kind,
        paid_until=NEXT_MONTH,
        sms_campaign="C1" if kind == "sms" else None,
    )


def around(*kinds: str) -> LeaseAround:
    return LeaseAround(
        account=ACCOUNT,
        users={USER.uuid: USER},
        online=frozenset({USER.uuid}),
        subscriptions={LEASE: [subscription(kind) for kind in kinds]},
        targets={kind: {there: short(kind.name, there)} for kind, there in TARGETS.items()},
    )


def short(name: str, there: UUID, at: datetime = AT) -> Short:
    return Short(there, name, at, at)


def test_a_lease_has_every_member_that_is_documented() -> None:
    written = lease_out(lease(), around("voice", "sms"))
    assert set(written) == members(LeaseOut)
    assert written["account"] == account_short(ACCOUNT)
    assert written["created_by"] == written["modified_by"] == user_out(USER, online=True)
    assert written["tnorder"] == {"uuid": str(uuid(40))}
    assert written["expired_on"] == "2024-03-20T16:41:44.000Z"
    assert tells_a_secret(written) == []


@pytest.mark.parametrize("on", [(), ("sms",), ("voice",), ("voice", "sms")])
def test_what_is_switched_on_is_said_twice(on: tuple[str, ...]) -> None:
    written = lease_out(lease(), around(*on))
    assert {kind for kind in ("voice", "sms") if written[kind]} == set(on)
    assert [one["type"] for one in written["subscriptions"]] == list(on)
    assert (written["mms"], written["fax"], written["emergency"]) == (False, False, True)


@pytest.mark.parametrize("kind", Target)
def test_it_points_where_its_column_says_and_nowhere_else(kind: Target) -> None:
    written = lease_out(lease(**{kind.column: TARGETS[kind]}), around())
    shown = {each: written[each.value[0]] for each in Target}
    assert shown.pop(kind) == {
        "uuid": str(TARGETS[kind]),
        "name": kind.name,
        "created_on": "2024-02-20T16:41:44.795Z",
        "modified_on": "2024-02-20T16:41:44.795Z",
    }
    assert set(shown.values()) == {None}


def test_texts_carry_their_profile_and_campaign_and_calls_do_not() -> None:
    pointed = lease(messaging_profile_uuid=TARGETS[Target.MESSAGING])
    voice, sms = lease_out(pointed, around("voice", "sms"))["subscriptions"]
    assert set(voice) == set(sms) == members(SubscriptionOut)
    assert sms["messaging_profile"] == short_out(short("MESSAGING", TARGETS[Target.MESSAGING]))
    assert (sms["sms_campaign"], voice["sms_campaign"]) == ("C1", None)
    assert voice["messaging_profile"] is None


def test_a_lease_alone_has_nothing_around_it() -> None:
    written = lease_out(lease(order_uuid=None, created_by=None), LeaseAround())
    empty = [name for name, value in written.items() if value is None]
    assert set(empty) == {
        "account",
        "tnorder",
        "created_by",
        "modified_by",
        *(kind.value[0] for kind in Target),
    }
    assert written["subscriptions"] == []


def test_a_user_who_was_not_loaded_is_not_shown() -> None:
    assert user_short(uuid(99), around()) is None
    assert user_short(None, around()) is None
