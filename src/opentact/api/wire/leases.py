"""Leases as the wire spells them: the union of the 2021 and 2024 objects (spec/03; B11)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any
from uuid import UUID

from typing_extensions import TypedDict

from opentact.events.log import Draft
from opentact.kit.clock import stamp
from opentact.numbers.events import LeaseReleased, LeaseRenewed
from opentact.numbers.leases import Lease, Subscription
from opentact.numbers.targets import Short, Target

from .accounts import account_short, user_out
from .events import frame, render
from .numbers import TnShortOut, tn_short


class SubscriptionOut(TypedDict):
    """A feature that is switched on for a number."""

    uuid: str
    type: str
    created_on: str
    modified_on: str
    messaging_profile: dict[str, Any] | None
    sms_campaign: str | None


class LeaseOut(TypedDict):
    """A number that the account holds."""

    uuid: str
    created_on: str
    modified_on: str
    expired_on: str
    autorenew: bool
    tn: TnShortOut
    subscriptions: list[SubscriptionOut]
    voice: bool
    sms: bool
    mms: bool
    fax: bool
    emergency: bool
    account: dict[str, Any] | None
    tnorder: dict[str, Any] | None
    messaging_profile: dict[str, Any] | None
    sip_connection: dict[str, Any] | None
    sip_control_app: dict[str, Any] | None
    tn_profile: dict[str, Any] | None
    created_by: dict[str, Any] | None
    modified_by: dict[str, Any] | None


@dataclass(frozen=True)
class LeaseAround:
    """What leases point at, loaded once for many: entities, or rows with their columns."""

    account: Any = None
    users: Mapping[UUID, Any] = field(default_factory=dict)
    online: frozenset[UUID] = frozenset()
    subscriptions: Mapping[UUID, list[Any]] = field(default_factory=dict)
    targets: Mapping[Target, Mapping[UUID, Short]] = field(default_factory=dict)

    @cached_property
    def owner(self) -> dict[str, Any] | None:
        """The account as every lease carries it: written once."""
        return {**account_short(self.account)} if self.account is not None else None

    @cached_property
    def people(self) -> dict[UUID, dict[str, Any]]:
        """The users as leases carry them: each written once."""
        return {
            uuid: {**user_out(user, online=uuid in self.online)}
            for uuid, user in self.users.items()
        }


def short_out(short: Short | None) -> dict[str, Any] | None:
    """Write the short form of something with a name."""
    if short is None:
        return None
    return {
        "uuid": str(short.uuid),
        "name": short.name,
        "created_on": stamp(short.created_on),
        "modified_on": stamp(short.modified_on),
    }


def lease_out(lease: Lease, around: LeaseAround) -> LeaseOut:
    """Write a lease."""
    points = {
        kind: short_out(around.targets.get(kind, {}).get(getattr(lease, kind.column)))
        for kind in Target
    }
    on = around.subscriptions.get(lease.uuid, [])
    types = {subscription.type for subscription in on}
    return {
        "uuid": str(lease.uuid),
        "created_on": stamp(lease.created_on),
        "modified_on": stamp(lease.modified_on),
        "expired_on": stamp(lease.expired_on),
        "autorenew": lease.autorenew,
        "tn": tn_short(lease.tn, lease.created_on, lease.modified_on),
        "subscriptions": [_subscription(one, points[Target.MESSAGING]) for one in on],
        "voice": "voice" in types,
        "sms": "sms" in types,
        "mms": lease.mms,
        "fax": lease.fax,
        "emergency": lease.emergency,
        "account": around.owner,
        "tnorder": {"uuid": str(lease.order_uuid)} if lease.order_uuid else None,
        "messaging_profile": points[Target.MESSAGING],
        "sip_connection": points[Target.CONNECTION],
        "sip_control_app": points[Target.APP],
        "tn_profile": points[Target.SCREENING],
        "created_by": user_short(lease.created_by, around),
        "modified_by": user_short(lease.modified_by, around),
    }


def user_short(uuid: UUID | None, around: LeaseAround) -> dict[str, Any] | None:
    """Write the user, if it is one of those loaded."""
    return around.people.get(uuid) if uuid else None


def _subscription(one: Subscription, messaging: dict[str, Any] | None) -> SubscriptionOut:
    return {
        "uuid": str(one.uuid),
        "type": one.type,
        "created_on": stamp(one.created_on),
        "modified_on": stamp(one.modified_on),
        "messaging_profile": messaging if one.type == "sms" else None,
        "sms_campaign": one.sms_campaign,
    }


@render.register
def _(happened: LeaseRenewed, uuid: UUID, at: datetime) -> Draft:
    payload = {
        "action": "renewed",
        "lease": str(happened.lease),
        "tn": happened.tn,
        "expired_on": stamp(happened.expired_on),
    }
    words = f"TN {happened.tn} - renewed"
    return frame("tn", uuid, at, words, payload, happened.account, ref_id=happened.lease)


@render.register
def _(happened: LeaseReleased, uuid: UUID, at: datetime) -> Draft:
    payload = {
        "action": "released",
        "lease": str(happened.lease),
        "tn": happened.tn,
        "reason": happened.reason,
    }
    words = f"TN {happened.tn} - released"
    return frame("tn", uuid, at, words, payload, happened.account, ref_id=happened.lease)
