"""/rest/event/subscription: which events the account wants, and how (spec/08, spec/11 D-18)."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import BaseModel, BeforeValidator, Field, WithJsonSchema
from sqlalchemy.ext.asyncio import AsyncSession

from opentact.accounts.accounts import get_account
from opentact.accounts.users import get_user
from opentact.events.subscriptions import (
    Channel,
    EventType,
    Subscription,
    get_subscription,
    subscriptions_of,
)
from opentact.events.subscriptions import subscribe as keep
from opentact.kit.clock import parse_stamp
from opentact.kit.faults import BadField, BadRequest

from .envelope import Envelope, errors, ok
from .fields import Changes, Flag, Line, WebUrl
from .services import Caller, Inject, Services
from .wire.subscriptions import SubscriptionOut, subscription_out, subscription_with_user


def _moment(value: object) -> object:
    if not isinstance(value, str):
        raise ValueError("expected a date-time such as 2030-01-31T12:00:00.000Z")  # noqa: TRY004 - pydantic reads ValueError
    try:
        return parse_stamp(value)
    except (ValueError, OverflowError):
        raise ValueError("expected a date-time such as 2030-01-31T12:00:00.000Z") from None


def _number(value: object) -> object:
    is_number = isinstance(value, int) and not isinstance(value, bool)
    return str(value) if is_number else value


Moment = Annotated[
    datetime,
    BeforeValidator(_moment),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
Tn = Annotated[str, BeforeValidator(_number), Field(pattern=r"^\+?[0-9]{3,15}$")]


class SubscriptionFields(BaseModel):
    """What may be said of any subscription. `expired_on` null: it never ends."""

    expired_on: Moment | None = None
    url: WebUrl | None = None
    sip_domain: Line | None = None
    sip_user: Line | None = None
    sip_switch: Line | None = None
    tn: Tn | None = None


class SubscriptionNew(SubscriptionFields):
    """A new subscription."""

    type: EventType
    channel: Channel = Channel.WSS
    is_active: Flag = True


class SubscriptionUpdate(SubscriptionFields, Changes):
    """What to change; what is left out stays."""

    type: EventType = EventType.AUTH
    channel: Channel = Channel.WSS
    is_active: Flag = True


router = APIRouter(prefix="/rest/event/subscription", tags=["Events"])


@router.post(
    "",
    operation_id="CreateEventSubscription",
    response_model=Envelope[SubscriptionOut],
    responses=errors(409),
)
async def create(body: SubscriptionNew, who: Caller, services: Inject) -> Response:
    """Subscribe to a type of event.

    An account without `wss` subscriptions hears every event; from the first one on, only the
    types it subscribed to. Subscriptions of the channel `webhook` are stored; nothing is posted
    to them yet.
    """
    now = services.clock.now()
    made = Subscription(
        account_uuid=who.account,
        user_uuid=who.user,
        created_on=now,
        modified_on=now,
        **body.model_dump(),
    )
    _has_url(made)
    async with services.database.write() as session:
        await keep(session, made)
        out = await _shown(session, services, made)
    services.bus.announce(who.account)
    return ok(out)


@router.get(
    "",
    operation_id="ListEventSubscriptions",
    response_model=Envelope[list[SubscriptionOut]],
    responses=errors(),
)
async def listed(who: Caller, services: Inject) -> Response:
    """List the account's subscriptions, oldest first."""
    async with services.database.read() as session:
        found = await subscriptions_of(session, who.account)
    return ok([subscription_out(one) for one in found])


@router.get(
    "/{uuid}",
    operation_id="GetEventSubscription",
    response_model=Envelope[SubscriptionOut],
    responses=errors(404),
)
async def one(uuid: UUID, who: Caller, services: Inject) -> Response:
    """Show a subscription."""
    async with services.database.read() as session:
        found = await get_subscription(session, who.account, uuid)
        return ok(await _shown(session, services, found))


@router.patch(
    "/{uuid}",
    operation_id="UpdateEventSubscription",
    response_model=Envelope[SubscriptionOut],
    responses=errors(404),
)
async def change(uuid: UUID, body: SubscriptionUpdate, who: Caller, services: Inject) -> Response:
    """Change a subscription; open websockets follow at once."""
    async with services.database.write() as session:
        found = await get_subscription(session, who.account, uuid)
        for name, value in body.model_dump(exclude_unset=True).items():
            setattr(found, name, value)
        _has_url(found)
        found.modified_on = services.clock.now()
        out = await _shown(session, services, found)
    services.bus.announce(who.account)
    return ok(out)


@router.delete(
    "/{uuid}",
    operation_id="RemoveEventSubscription",
    response_model=Envelope[SubscriptionOut],
    responses=errors(404),
)
async def remove(uuid: UUID, who: Caller, services: Inject) -> Response:
    """Remove a subscription, and show it a last time."""
    async with services.database.write() as session:
        found = await get_subscription(session, who.account, uuid)
        out = await _shown(session, services, found)
        await session.delete(found)
    services.bus.announce(who.account)
    return ok(out)


def _has_url(subscription: Subscription) -> None:
    if subscription.channel is Channel.WEBHOOK and subscription.url is None:
        raise BadRequest(
            "Wrong value for: url",
            fields={"params.url": BadField("a webhook needs the URL to post to")},
        )


async def _shown(
    session: AsyncSession, services: Services, subscription: Subscription
) -> SubscriptionOut:
    account = await get_account(session, subscription.account_uuid)
    user = await get_user(session, account.uuid, subscription.user_uuid)
    return subscription_with_user(subscription, user, account, online=services.online(user.uuid))
