"""/rest/lease/tn: the numbers an account holds (spec/03; spec/11 B7-B12)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request, Response
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from typing_extensions import TypedDict

from opentact.accounts.accounts import get_account
from opentact.accounts.users import Role
from opentact.billing.notices import balance_notices
from opentact.kit.faults import Forbidden
from opentact.numbers.events import LeaseReleased
from opentact.numbers.faults import LeaseNotFound
from opentact.numbers.features import WORKING, Feature
from opentact.numbers.inventory import Tn
from opentact.numbers.leases import Lease, active_lease, get_lease, leases_of, point, release
from opentact.numbers.subscribing import subscribe, unsubscribe
from opentact.numbers.targets import Target

from .auth import Principal
from .envelope import Envelope, errors, ok
from .fields import Flag
from .lease_bodies import SEARCH, BulkRelease, InPath, LeaseUpdate
from .lease_view import show_leases
from .search import Found, count, documented, read_search
from .services import Caller, Inject, Services
from .wire.leases import LeaseOut

MOST_LISTED = 1_000  # more are paged by the search
router = APIRouter(prefix="/rest/lease/tn", tags=["Lease"])


class RouteOut(TypedDict):
    """Where calls to a number go."""

    tn: int
    lease: str
    account: str
    provider: str
    expired_on: str
    sip_connection: dict[str, Any] | None
    sip_control_app: dict[str, Any] | None


@router.get(
    "",
    operation_id="ListTNLeases",
    response_model=Envelope[list[LeaseOut]],
    responses=errors(),
)
async def listed(who: Caller, services: Inject) -> Response:
    """List the account's numbers, the newest thousand."""
    async with services.database.read() as session:
        query = leases_of(who.account).order_by(Lease.created_on.desc(), Lease.uuid.desc())
        leases = list(await session.scalars(query.limit(MOST_LISTED)))
        return ok(await show_leases(session, services, who.account, leases))


@router.post(
    "/search",
    operation_id="SearchTNLeases",
    response_model=Envelope[Found[LeaseOut]],
    responses=errors(),
    openapi_extra=documented(SEARCH),
)
async def search(request: Request, who: Caller, services: Inject) -> Response:
    """Search the account's numbers."""
    asked = await read_search(request, SEARCH)
    statement = asked.narrow(leases_of(who.account))
    async with services.database.read() as session:
        total = await count(session, statement)
        leases = list(await session.scalars(asked.page(statement)))
        data = await show_leases(session, services, who.account, leases)
    return ok(asked.answer(total, data))


@router.delete(
    "",
    operation_id="RemoveTNLeases",
    response_model=Envelope[list[LeaseOut]],
    responses=errors(404),
)
async def release_many(body: BulkRelease, who: Caller, services: Inject) -> Response:
    """Release numbers: all of them, or none if one is not the account's."""
    names = body.item if isinstance(body.item, list) else [body.item]
    return ok(await _release(services, who, names))


@router.get(
    "/{name}",
    operation_id="GetTNLeaseByUUID",
    response_model=Envelope[LeaseOut],
    responses=errors(404),
)
async def detail(name: InPath, who: Caller, services: Inject) -> Response:
    """Show a lease, by its uuid or its number."""
    async with services.database.read() as session:
        lease = await get_lease(session, who.account, name)
        [shown] = await show_leases(session, services, who.account, [lease])
    return ok(shown)


@router.get(
    "/{name}/tn",
    operation_id="GetTNLeaseByTN",
    response_model=Envelope[LeaseOut],
    responses=errors(404),
)
async def by_number(name: InPath, who: Caller, services: Inject) -> Response:
    """Show the lease of a number."""
    return await detail(name, who, services)


@router.get(
    "/{name}/route",
    operation_id="GetTNLeaseRoute",
    response_model=Envelope[RouteOut],
    responses=errors(404),
)
async def route(name: InPath, who: Caller, services: Inject) -> Response:
    """Tell a provider where calls to a number go, whichever account holds it."""
    if who.role not in {Role.PROVIDER, Role.ADMIN}:
        raise Forbidden("Forbidden: only a provider may ask for routes")
    async with services.database.read() as session:
        lease = await _anyones(session, name)
        [shown] = await show_leases(session, services, lease.account_uuid, [lease])
        provider = await session.scalar(select(Tn.provider).where(Tn.tn == lease.tn))
    out = {
        "tn": lease.tn,
        "lease": shown["uuid"],
        "account": str(lease.account_uuid),
        "provider": provider,
        "expired_on": shown["expired_on"],
        "sip_connection": shown["sip_connection"],
        "sip_control_app": shown["sip_control_app"],
    }
    return ok(out)


async def _anyones(session: AsyncSession, name: UUID | int) -> Lease:
    if isinstance(name, int):
        lease = await active_lease(session, name)
    else:
        lease = await session.get(Lease, name)
    if lease is None or lease.released_on is not None:
        raise LeaseNotFound("TNLease not found")
    return lease


@router.patch(
    "/{name}",
    operation_id="ModifyTNLease",
    response_model=Envelope[LeaseOut],
    responses=errors(402, 404),
)
async def modify(name: InPath, body: LeaseUpdate, who: Caller, services: Inject) -> Response:
    """Change a lease. A connection takes the place of an app, and the other way round.

    Switching voice or sms on costs what the price list says.
    """
    now, given = services.clock.now(), body.model_fields_set
    async with services.database.write() as session:
        lease = await get_lease(session, who.account, name, change=True)
        before = (await get_account(session, who.account)).balance
        for flag in ("mms", "fax", "emergency", "autorenew"):
            value = getattr(body, flag)
            setattr(lease, flag, getattr(lease, flag) if value is None else value)
        for kind, field in _POINTERS.items():
            if field in given:
                await point(session, lease, kind, getattr(body, field))
        for feature in WORKING:
            await _switch(session, lease, feature, getattr(body, feature.value), now)
        lease.modified_on, lease.modified_by = now, who.user
        await session.flush()
        account = await get_account(session, who.account)
        if account.balance != before:
            notices = balance_notices(account, account.balance, "mrc")
            await services.events.append(session, who.account, *notices, now=now)
        [shown] = await show_leases(session, services, who.account, [lease])
    return ok(shown)


# An app given beside a connection wins, as in an order.
_POINTERS = {
    Target.MESSAGING: "messaging_profile",
    Target.SCREENING: "tn_profile",
    Target.CONNECTION: "sip_connection",
    Target.APP: "sip_control_app",
}


async def _switch(
    session: AsyncSession, lease: Lease, feature: Feature, wanted: Flag | None, now: datetime
) -> None:
    if wanted is True:
        await subscribe(session, lease, feature, now=now)
    elif wanted is False:
        await unsubscribe(session, lease, feature, now=now)


@router.delete(
    "/{name}",
    operation_id="RemoveTNLeaseByUUID",
    response_model=Envelope[LeaseOut],
    responses=errors(404),
)
async def remove(name: InPath, who: Caller, services: Inject) -> Response:
    """Release a number: it is for sale again at once, and nothing is paid back."""
    [shown] = await _release(services, who, [name])
    return ok(shown)


async def _release(
    services: Services, who: Principal, names: Sequence[UUID | int]
) -> list[LeaseOut]:
    now = services.clock.now()
    async with services.database.write() as session:
        leases = {
            lease.uuid: lease
            for name in names
            for lease in [await get_lease(session, who.account, name, change=True)]
        }
        shown = await show_leases(session, services, who.account, list(leases.values()))
        account = await get_account(session, who.account)
        happened = []
        for lease in leases.values():
            lease.modified_by = who.user
            await release(session, lease, reason="released by the account", now=now)
            happened.append(LeaseReleased(lease.uuid, lease.tn, account, "released by the account"))
        await services.events.append(session, who.account, *happened, now=now)
    await give_back(services, list(leases.values()))
    return [{**out, "subscriptions": [], "voice": False, "sms": False} for out in shown]


async def give_back(services: Services, leases: Sequence[Lease]) -> None:
    """Tell the providers of released numbers, once that is stored."""
    async with services.database.read() as session:
        rows = await session.execute(
            select(Tn.tn, Tn.provider).where(Tn.tn.in_([lease.tn for lease in leases]))
        )
        sellers = {row.tn: row.provider for row in rows}
    for lease in leases:
        provider = services.number_providers.get(sellers.get(lease.tn, ""))
        if provider is not None and lease.item_uuid is not None:
            await provider.release(lease.tn, reference=lease.item_uuid)
