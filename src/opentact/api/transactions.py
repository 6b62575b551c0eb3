"""/rest/transaction: the account's ledger (spec/02)."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from pydantic import BeforeValidator
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from opentact.accounts.accounts import get_account
from opentact.billing.ledger import RefType, Transaction, get_transaction
from opentact.billing.reports import Span, dashboard, invoice, last_days, last_month
from opentact.kit.clock import stamp
from opentact.kit.money import dollars
from opentact.numbers.leases import Lease
from opentact.voice.calls import Call

from .envelope import Envelope, errors, ok
from .lease_view import show_leases
from .search import Found, Moment, SearchSpec, count, documented, equal, mask, read_search
from .services import Caller, Inject, Services
from .wire.transactions import TransactionOut, invoice_line_out, transaction_out

MOST = 10**9
router = APIRouter(prefix="/rest/transaction", tags=["Transaction"])


def _money(value: object) -> Decimal:
    return dollars(str(value))


def _finite(value: object) -> object:
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= MOST:
        raise ValueError("expected a number of dollars")
    return value


Signed = Annotated[float, BeforeValidator(_finite)]
SEARCH = SearchSpec(
    "TransactionSearch",
    {
        "amount": equal(Transaction.amount, Signed, read=_money),
        "account_balance_before": equal(Transaction.account_balance_before, Signed, read=_money),
        "account_balance_after": equal(Transaction.account_balance_after, Signed, read=_money),
        "ref_type": equal(Transaction.ref_type, RefType),
        "ref_uuid": equal(Transaction.ref_uuid, UUID),
        "description": mask(Transaction.description),
    },
    {
        "created_on": Transaction.created_on,
        "modified_on": Transaction.modified_on,
        "amount": Transaction.amount,
        "account_balance_before": Transaction.account_balance_before,
        "account_balance_after": Transaction.account_balance_after,
        "ref_type": Transaction.ref_type,
    },
    Transaction.uuid,
)

From = Annotated[Moment | None, Query(alias="from", description="ISO 8601, UTC")]
To = Annotated[Moment | None, Query(alias="to", description="ISO 8601, UTC; not included")]


@router.post(
    "/search",
    operation_id="SearchTransactions",
    response_model=Envelope[Found[TransactionOut]],
    responses=errors(),
    openapi_extra=documented(SEARCH),
)
async def search(request: Request, who: Caller, services: Inject) -> Response:
    """Search the account's ledger."""
    asked = await read_search(request, SEARCH)
    statement = asked.narrow(select(Transaction).where(Transaction.account_uuid == who.account))
    async with services.database.read() as session:
        total = await count(session, statement)
        account = await get_account(session, who.account)
        entries = await session.scalars(asked.page(statement))
        data = [transaction_out(entry, account) for entry in entries]
    return ok(asked.answer(total, data))


@router.get(
    "/report/invoice",
    operation_id="GetTransactionInvoiceReport",
    response_model=Envelope[dict[str, Any]],
    responses=errors(),
)
async def invoice_report(
    who: Caller, services: Inject, start: From = None, end: To = None
) -> Response:
    """Sum up what the account paid, by kind; by default in the last month."""
    span = _span(last_month(services.clock.now()), start, end)
    async with services.database.read() as session:
        rows = await invoice(session, who.account, span)
    report = [invoice_line_out(kind, amount) for kind, amount in rows]
    return ok({"from": stamp(span.start), "to": stamp(span.end), "report": report})


@router.get(
    "/report/dashboard/{ref_type}",
    operation_id="GetTransactionDashboardReport",
    response_model=Envelope[dict[str, Any]],
    responses=errors(),
)
async def dashboard_report(
    ref_type: RefType, who: Caller, services: Inject, start: From = None, end: To = None
) -> Response:
    """Sum up entries of a kind, day by day; by default of the last 30 days."""
    span = _span(last_days(services.clock.now()), start, end)
    async with services.database.read() as session:
        days = await dashboard(session, who.account, ref_type, span)
    report = [{"date": day.day, "count": day.count, "sum": float(day.sum)} for day in days]
    answer = {"from": stamp(span.start), "to": stamp(span.end), "ref_type": ref_type.value}
    return ok({**answer, "report": report})


@router.get(
    "/{uuid}",
    operation_id="GetTransactionByUUID",
    response_model=Envelope[TransactionOut],
    responses=errors(404),
)
async def detail(uuid: UUID, who: Caller, services: Inject) -> Response:
    """Show an entry with what it paid for, where that is still there."""
    async with services.database.read() as session:
        entry = await get_transaction(session, who.account, uuid)
        out = transaction_out(entry, await get_account(session, who.account))
        out["ref_object"] = await _paid_for(session, services, who.account, entry)
    return ok(out)


async def _paid_for(
    session: AsyncSession, services: Services, account: UUID, entry: Transaction
) -> dict[str, Any] | None:
    if entry.ref_uuid is None:
        return None
    lease = await session.scalar(
        select(Lease).where(Lease.uuid == entry.ref_uuid, Lease.account_uuid == account)
    )
    if lease is not None:
        [shown] = await show_leases(session, services, account, [lease])
        return {**shown}
    call = await session.scalar(
        select(Call).where(Call.uuid == entry.ref_uuid, Call.account_uuid == account)
    )
    if call is not None:
        return {"uuid": str(call.uuid), "from": call.from_, "to": call.to, "state": call.state}
    return None


def _span(usual: Span, start: datetime | None, end: datetime | None) -> Span:
    return Span(start or usual.start, end or usual.end)
