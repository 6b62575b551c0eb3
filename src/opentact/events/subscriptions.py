"""Subscriptions: which kinds of events an account wants, and by which channel (spec/08).

An account that has no subscription for a channel hears everything on it; one that has any hears
only those types (spec/11 E13). One that is switched off or expired delivers nothing (E12), but
still counts as one: an account with nothing but a switched-off one has chosen silence.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import ForeignKey, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from opentact.kit.entities import Base, Stamped
from opentact.kit.faults import Conflict, NotFound

from .log import Logged

MOST_PER_ACCOUNT = 500  # read for every websocket that opens


class EventType(StrEnum):
    """What can be subscribed to (spec/11 D-18)."""

    AUTH = "auth"
    CALL_STATE = "call_state"
    CALL_FLOW = "call_flow"
    CALL_RECORD = "call_record"
    CALL_TRANSCRIPT = "call_transcript"
    SIP_USER_STATE = "sip_user_state"
    SMS = "sms"
    TN = "tn"
    TN_ORDER = "tn_order"
    BALANCE = "balance"
    BATCH = "batch"
    TRUNK_STATE = "trunk_state"


class Channel(StrEnum):
    """How events reach the account. Webhooks are stored; nothing is posted to them yet."""

    WSS = "wss"
    WEBHOOK = "webhook"


class Subscription(Stamped, Base):
    """One kind of event, wanted. `tn` narrows it; the other scopes are kept as they came."""

    __tablename__ = "event_subscription"

    account_uuid: Mapped[UUID] = mapped_column(ForeignKey("account.uuid"), index=True)
    user_uuid: Mapped[UUID] = mapped_column(ForeignKey("user.uuid"))
    channel: Mapped[Channel]
    type: Mapped[EventType]
    is_active: Mapped[bool] = mapped_column(default=True)
    expired_on: Mapped[datetime | None] = mapped_column(default=None)
    url: Mapped[str | None] = mapped_column(default=None)
    sip_domain: Mapped[str | None] = mapped_column(default=None)
    sip_user: Mapped[str | None] = mapped_column(default=None)
    sip_switch: Mapped[str | None] = mapped_column(default=None)
    tn: Mapped[str | None] = mapped_column(default=None)


class SubscriptionNotFound(NotFound):
    """Subscription not found: it is not one of your account's, or it was removed."""

    code = "subscription_not_found"


class TooManySubscriptions(Conflict):
    """The account has as many subscriptions as it may have: remove some first."""

    code = "too_many_subscriptions"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a channel lets by at one moment: for each type, the numbers, or None for all.

    `everything` is said of an account without subscriptions. `changes_on` is when the next
    subscription expires.
    """

    everything: bool = True
    types: tuple[tuple[str, frozenset[str] | None], ...] = ()
    changes_on: datetime | None = None

    def allows(self, event: Logged) -> bool:
        """Tell whether the event is wanted. A scope holds where a frame says its number."""
        if self.everything:
            return True
        for type_, numbers in self.types:
            if type_ == event.type:
                if numbers is None:
                    return True
                said = numbers_in(orjson.loads(event.frame))
                return not said or bool(said & numbers)
        return False


def numbers_in(frame: dict[str, Any]) -> frozenset[str]:
    """Tell which of the account's numbers a frame is about, as digits."""
    payload = frame.get("payload")
    inside = [payload, payload.get("call")] if isinstance(payload, dict) else []
    found = set()
    for thing in (frame, frame.get("call"), *inside):
        tn = thing.get("tn") if isinstance(thing, dict) else None
        number = tn.get("tn") if isinstance(tn, dict) else tn
        if isinstance(number, str | int):
            found.add(digits(str(number)))
    return frozenset(found)


def digits(number: str) -> str:
    """Write a number as its digits alone."""
    return "".join(filter(str.isdecimal, number))


def wanted_of(subscriptions: Iterable[Subscription], now: datetime) -> Wanted:
    """Work out what an account's subscriptions of one channel let by at `now`."""
    subscriptions = list(subscriptions)
    if not subscriptions:
        return Wanted()
    types: dict[str, frozenset[str] | None] = {}
    ends = [one.expired_on for one in subscriptions if one.expired_on and one.expired_on > now]
    for one in subscriptions:
        if not one.is_active or (one.expired_on is not None and one.expired_on <= now):
            continue
        before = types.get(one.type.value, frozenset())
        if one.tn is None or before is None:
            types[one.type.value] = None
        else:
            types[one.type.value] = before | {digits(one.tn)}
    return Wanted(everything=False, types=tuple(types.items()), changes_on=min(ends, default=None))


async def wanted(session: AsyncSession, account: UUID, channel: Channel, now: datetime) -> Wanted:
    """Tell what the account wants to hear on a channel."""
    query = select(Subscription).where(Subscription.account_uuid == account)
    return wanted_of(await session.scalars(query.where(Subscription.channel == channel)), now)


async def subscriptions_of(session: AsyncSession, account: UUID) -> list[Subscription]:
    """List the account's subscriptions, oldest first."""
    query = select(Subscription).where(Subscription.account_uuid == account)
    return list(await session.scalars(query.order_by(Subscription.created_on, Subscription.uuid)))


async def get_subscription(session: AsyncSession, account: UUID, uuid: UUID) -> Subscription:
    """Load a subscription of the account, or `SubscriptionNotFound`."""
    found = await session.scalar(
        select(Subscription).where(Subscription.uuid == uuid, Subscription.account_uuid == account)
    )
    if found is None:
        raise SubscriptionNotFound
    return found


async def subscribe(session: AsyncSession, subscription: Subscription) -> None:
    """Keep a new subscription, or `TooManySubscriptions`."""
    # Two at once may pass the limit by one: it bounds work, it guards no promise.
    if len(await subscriptions_of(session, subscription.account_uuid)) >= MOST_PER_ACCOUNT:
        raise TooManySubscriptions
    session.add(subscription)
    await session.flush()
