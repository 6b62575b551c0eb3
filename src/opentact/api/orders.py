"""/rest/order: buying numbers (spec/03; spec/11 B1-B6, B16)."""

from collections.abc import Sequence
from contextlib import nullcontext
from typing import Any, Literal
from uuid import UUID

from fastapi import APIRouter, Request, Response
from sqlalchemy import exists, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql import ColumnElement

from opentact.kit.quick import quick
from opentact.numbers.events import OrderSummary
from opentact.numbers.instant import buy_at_once, is_instant, sale
from opentact.numbers.order_book import get_order, items_of, summary_of
from opentact.numbers.orders import (
    Buyer,
    Item,
    OpenItem,
    Order,
    State,
    Wish,
    offers_for,
    place_offers,
)
from opentact.numbers.profiles import price_lists, profile_named
from opentact.numbers.settlement import ask_providers, settle_order
from opentact.numbers.targets import Target, check_target

from .envelope import Envelope, errors, ok
from .idempotency import Doing, Once
from .order_bodies import OldOrder, OrderNew
from .order_view import show_order, show_orders
from .search import Filter, Found, SearchSpec, count, documented, read_search
from .services import Caller, Inject, Services
from .wire.numbers import OrderDetailOut, OrderOut, PriceOut, order_out, quote_out

FEW = 10  # items; a longer order lets others have their turn between its statements
MOST_LISTED = 100  # the newest; more are found by the search
router = APIRouter(prefix="/rest/order", tags=["Order"])


def _has(*states: State) -> ColumnElement[bool]:
    names = [state.value for state in states]
    return exists().where(Item.order_uuid == Order.uuid, Item.state.in_(names))


def _in_state(word: str) -> ColumnElement[bool]:
    running = _has(State.PROCESSING)
    if word in {"created", "verify", "processing"}:
        return running
    won = _has(State.SUCCESS)
    return ~running & (won if word == "success" else ~won)


SEARCH = SearchSpec(
    "OrderSearch",
    {"state": Filter(Literal["created", "verify", "processing", "success", "failed"], _in_state)},
    {"created_on": Order.created_on, "modified_on": Order.modified_on},
    Order.uuid,
)


@router.post(
    "",
    status_code=201,
    operation_id="CreateOrder",
    response_model=Envelope[OrderOut],
    responses=errors(402, 409, 422),
)
async def create(body: OrderNew, who: Caller, services: Inject, once: Once) -> Response:
    """Order numbers. Each settles for itself; the answer says how many did."""
    wishes = body.wishes()
    buyer = Buyer(who.account, who.user, body.model_dump(mode="json"))
    return await _order(services, once, buyer, wishes, old=False)


@router.post(
    "/tn",
    status_code=201,
    operation_id="CreateTNOrder",
    response_model=Envelope[OrderDetailOut],
    responses=errors(402, 404, 409, 422),
)
async def create_old(body: OldOrder, who: Caller, services: Inject, once: Once) -> Response:
    """Order numbers as in 2020 (`tns`) or 2021 (`items`).

    Calls to the numbers go to `sip_control_app`, if both it and `sip_connection` are given.
    """
    wishes = body.wishes()
    async with services.database.read() as session:
        for name in sorted(body.profiles()):
            await profile_named(session, name)
    app = body.sip_control_app
    buyer = Buyer(
        who.account,
        who.user,
        body.request(),
        profile=body.profile,
        sip_connection=None if app else body.sip_connection,
        sip_control_app=app,
    )
    return await _order(services, once, buyer, wishes, old=True)


async def _order(
    services: Services, once: Doing, buyer: Buyer, wishes: Sequence[Wish], *, old: bool
) -> Response:
    now = services.clock.now()

    async def again(uuid: UUID) -> Response | None:
        async with services.database.read() as session:
            order = await get_order(session, buyer.account, uuid)
            if order.settled_on is None:
                return None
            return await _placed(session, services, order, old=old)

    if once.given:
        async with services.database.read() as session:
            replayed = await once.replay(session, again, now=now)
        if replayed is not None:
            return replayed
    with quick() if len(wishes) <= FEW else nullcontext():
        return await _placed_and_settled(services, once, buyer, wishes, old=old)


async def _placed_and_settled(
    services: Services, once: Doing, buyer: Buyer, wishes: Sequence[Wish], *, old: bool
) -> Response:
    now, providers = services.clock.now(), services.number_providers

    async def place(session: AsyncSession) -> Response | list[OpenItem]:
        await once.claim(session, buyer.uuid, now=now)
        await _check_targets(session, buyer)
        offers = await offers_for(session, buyer.account, wishes, now=now, keep=True)
        if is_instant(offers, providers):
            bought = await buy_at_once(
                session,
                buyer,
                offers,
                selling,
                events=services.events,
                period=services.lease_period,
                now=now,
            )
            return await _answered(session, services, once, buyer, bought, old=old)
        return await place_offers(session, buyer, offers, now=now)

    async with sale(providers) as selling:
        if len(wishes) <= FEW:
            placed = await services.database.do(place)
        else:
            async with services.database.write() as session:
                placed = await place(session)
    if isinstance(placed, Response):
        return placed
    return await _settled(services, once, buyer, placed, old=old)


async def _settled(
    services: Services, once: Doing, buyer: Buyer, items: Sequence[OpenItem], *, old: bool
) -> Response:
    """Ask carriers over the network, and store what they say."""
    answers = await ask_providers(items, services.number_providers)
    async with services.database.write() as session:
        settled = await settle_order(
            session,
            buyer.uuid,
            items,
            answers,
            events=services.events,
            period=services.lease_period,
            now=services.clock.now(),
        )
        return await _answered(session, services, once, buyer, settled, old=old)


async def _answered(
    session: Any,
    services: Services,
    once: Doing,
    buyer: Buyer,
    settled: OrderSummary | None,
    *,
    old: bool,
) -> Response:
    """Answer with the order, which another node may have settled: then there is no summary."""
    if settled is None or old:
        order = await get_order(session, buyer.account, buyer.uuid)
        answer = await _placed(session, services, order, old=old)
    else:
        answer = ok(order_out(settled), 201)
    await once.done(session, answer)
    return answer


async def _check_targets(session: Any, buyer: Buyer) -> None:
    pointed = {
        Target.CONNECTION: buyer.sip_connection,
        Target.APP: buyer.sip_control_app,
    }
    for kind, uuid in pointed.items():
        if uuid is not None:
            await check_target(session, buyer.account, kind, uuid)


async def _placed(session: Any, services: Services, order: Any, *, old: bool) -> Response:
    if old:
        [shown] = await show_orders(session, services, order.account_uuid, [order])
        return ok(shown, 201)
    return ok(order_out((await _summaries(session, [order]))[0]), 201)


async def _summaries(session: Any, orders: Sequence[Any]) -> list[OrderSummary]:
    items = await items_of(session, [order.uuid for order in orders])
    return [summary_of(order, items[order.uuid]) for order in orders]


@router.post(
    "/price",
    operation_id="GetOrderPrice",
    response_model=Envelope[PriceOut],
    responses=errors(404),
)
async def price(body: OldOrder, who: Caller, services: Inject) -> Response:
    """Quote an order, in any of its bodies. What cannot be bought costs nothing, and says why."""
    wishes, now = body.wishes(), services.clock.now()
    async with services.database.read() as session:
        for name in sorted(body.profiles()):
            await profile_named(session, name)
        offers = await offers_for(session, who.account, wishes, now=now)
        names = {offer.profile for offer in offers if offer.profile}
        lists = await price_lists(session, who.account, names, now=now)
    return ok(quote_out(offers, lists))


@router.get(
    "",
    operation_id="ListOrders",
    response_model=Envelope[list[OrderDetailOut]],
    responses=errors(),
)
async def listed(who: Caller, services: Inject) -> Response:
    """List the account's newest hundred orders."""
    async with services.database.read() as session:
        orders = await session.scalars(
            select(Order)
            .where(Order.account_uuid == who.account)
            .order_by(Order.created_on.desc(), Order.uuid.desc())
            .limit(MOST_LISTED)
        )
        return ok(await show_orders(session, services, who.account, list(orders)))


@router.post(
    "/search",
    operation_id="SearchOrders",
    response_model=Envelope[Found[OrderOut]],
    responses=errors(),
    openapi_extra=documented(SEARCH),
)
async def search(request: Request, who: Caller, services: Inject) -> Response:
    """Search the account's orders."""
    asked = await read_search(request, SEARCH)
    statement = asked.narrow(select(Order).where(Order.account_uuid == who.account))
    async with services.database.read() as session:
        total = await count(session, statement)
        orders = list(await session.scalars(asked.page(statement)))
        data = [order_out(summary) for summary in await _summaries(session, orders)]
    return ok(asked.answer(total, data))


@router.get(
    "/{uuid}",
    operation_id="GetOrderByUUID",
    response_model=Envelope[OrderDetailOut],
    responses=errors(404),
)
async def detail(uuid: UUID, who: Caller, services: Inject) -> Response:
    """Show an order with its items, leases, price, account and user."""
    with quick():
        async with services.database.read() as session:
            return ok(await show_order(session, services, who.account, uuid))
