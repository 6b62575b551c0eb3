"""Event subscriptions and pages of events as the wire spells them (spec/08, spec/11 D-37)."""

from typing import Any

from typing_extensions import NotRequired, TypedDict  # noqa: UP035 - pydantic needs these on 3.11

from opentact.accounts.accounts import Account
from opentact.accounts.users import User
from opentact.events.subscriptions import Subscription
from opentact.kit.clock import stamp

from .accounts import UserOut, user_out


class SubscriptionOut(TypedDict):
    """A subscription. Lists have no `user`."""

    uuid: str
    created_on: str
    modified_on: str
    channel: str
    type: str
    is_active: bool
    expired_on: str | None
    url: str | None
    sip_domain: str | None
    sip_user: str | None
    sip_switch: str | None
    tn: str | None
    user: NotRequired[UserOut]


class EventPageOut(TypedDict):
    """Events after a cursor, oldest first.

    `next` is the cursor of the next page; `gap` tells that some events after `after` are no
    longer kept.
    """

    take: int
    after: str | None
    next: str | None
    gap: bool
    data: list[dict[str, Any]]


def subscription_out(subscription: Subscription) -> SubscriptionOut:
    """Write a subscription as lists have it."""
    ends = subscription.expired_on
    return {
        "uuid": str(subscription.uuid),
        "created_on": stamp(subscription.created_on),
        "modified_on": stamp(subscription.modified_on),
        "channel": subscription.channel.value,
        "type": subscription.type.value,
        "is_active": subscription.is_active,
        "expired_on": stamp(ends) if ends else None,
        "url": subscription.url,
        "sip_domain": subscription.sip_domain,
        "sip_user": subscription.sip_user,
        "sip_switch": subscription.sip_switch,
        "tn": subscription.tn,
    }


def subscription_with_user(
    subscription: Subscription, user: User, account: Account, *, online: bool
) -> SubscriptionOut:
    """Write a subscription with whoever made it."""
    out = subscription_out(subscription)
    out["user"] = user_out(user, online=online, account=account)
    return out
