"""/rest/batch: calling many numbers with one flow (spec/07, spec/11 D-11)."""

from dataclasses import replace
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import Field
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from opentact.accounts.ownership import get_owned, get_to_change
from opentact.kit.ids import new_id
from opentact.voice.batch_runner import BatchRunner
from opentact.voice.batches import (
    Batch,
    NumberState,
    add_batch,
    cancel_batch,
    phones_of,
    results_of,
)
from opentact.voice.call_orders import terms_of
from opentact.voice.outbound_profiles import OutboundVoiceProfile
from opentact.voice.placing import RING_S

from .around import load_around, owner
from .auth import Principal
from .envelope import Envelope, errors, ok
from .fields import Whole
from .idempotency import Doing, Once, Rebuild
from .lease_links import leases_by_uuid
from .placed_calls import CallSeconds, NoCallsPlaced, OrderFields, RingSeconds
from .search import Found
from .services import Caller, Inject, Services
from .wire.accounts import UserOut, account_short
from .wire.batches import BatchNumberOut, BatchOut, batch_number_out, batch_out
from .wire.sip import Around, profile_short

MOST_PHONES = 10_000
MOST_TAKE = 1000
router = APIRouter(prefix="/rest/batch", tags=["Call"])
Phone = Annotated[Whole, Field(ge=100, lt=10**15)]
Take = Annotated[int, Query(ge=1, le=MOST_TAKE)]
Skip = Annotated[int, Query(ge=0, lt=2**31)]


class BatchNew(OrderFields):
    """Numbers to be called, each once, and the flow that runs for who answers."""

    phones: Annotated[list[Phone], Field(min_length=1, max_length=MOST_PHONES)]
    timeout: Annotated[RingSeconds, Field(description="seconds that each rings at most")] = int(
        RING_S
    )
    max_duration: Annotated[
        CallSeconds | None, Field(description="seconds after which each call is ended")
    ] = None


@router.post(
    "",
    status_code=201,
    operation_id="CreateBatch",
    response_model=Envelope[BatchOut],
    responses=errors(404, 409, 422, 503),
)
async def create(body: BatchNew, who: Caller, services: Inject, once: Once) -> Response:
    """Call many numbers with one flow, as fast as the outbound voice profile allows.

    Each number is called once. What came of it is told by events and by
    `GET /rest/batch/{uuid}/number`.
    """
    body.source.check()
    now = services.clock.now()
    async with services.database.read() as session:
        if once.given:
            replayed = await once.replay(session, _again(services, who), now=now)
            if replayed is not None:
                return replayed
        terms = await terms_of(
            session, who.account, body.outbound_voice_profile, body.shown, body.source, now
        )
    runner = _runner(services)
    made = Batch(
        uuid=new_id(),
        profile_uuid=terms.profile.profile.uuid,
        lease_uuid=terms.lease_uuid,
        caller=terms.caller,
        node=runner.node,
        xml=body.xml,
        call_flow_url=body.call_flow_url,
        app_uuid=body.sip_control_app,
        ring_s=body.timeout,
        max_s=body.max_duration,
        **owner(who).makes(now),
    )
    answer = await _stored(services, who, once, made, body.phones)
    runner.begin(made.uuid, who.account)
    return answer


async def _stored(
    services: Services, who: Principal, once: Doing, made: Batch, phones: list[int]
) -> Response:
    async with services.database.write() as session:
        await once.claim(session, made.uuid, now=made.created_on)
        await add_batch(session, made, phones)
        answer = ok(await _whole(session, services, who, made), 201)
        await once.done(session, answer)
    return answer


@router.get(
    "",
    operation_id="ListBatches",
    response_model=Envelope[Found[BatchOut]],
    responses=errors(),
)
async def listed(who: Caller, services: Inject, take: Take = 20, skip: Skip = 0) -> Response:
    """List the account's batches, the newest first, with their counts."""
    mine = Batch.account_uuid == who.account
    async with services.database.read() as session:
        total = await session.scalar(select(func.count()).select_from(Batch).where(mine))
        newest = select(Batch).where(mine).order_by(Batch.created_on.desc(), Batch.uuid.desc())
        found = list(await session.scalars(newest.offset(skip).limit(take)))
        data = await _shown(session, services, who, found)
    return ok({"take": take, "skip": skip, "total": total, "data": data})


@router.get(
    "/{uuid}",
    operation_id="GetBatch",
    response_model=Envelope[BatchOut],
    responses=errors(404),
)
async def one(uuid: UUID, who: Caller, services: Inject) -> Response:
    """Show a batch with its counts, its numbers and its flow."""
    async with services.database.read() as session:
        batch = await get_owned(session, Batch, who.account, uuid)
        return ok(await _whole(session, services, who, batch))


@router.get(
    "/{uuid}/number",
    operation_id="ListBatchNumbers",
    response_model=Envelope[Found[BatchNumberOut]],
    responses=errors(404),
)
async def numbers(
    uuid: UUID,
    who: Caller,
    services: Inject,
    state: NumberState | None = None,
    take: Take = 100,
    skip: Skip = 0,
) -> Response:
    """List what came of each number, in their order; `state` narrows it."""
    async with services.database.read() as session:
        await get_owned(session, Batch, who.account, uuid)
        total, found = await results_of(session, uuid, state, take=take, skip=skip)
    data = [batch_number_out(each) for each in found]
    return ok({"take": take, "skip": skip, "total": total, "data": data})


@router.delete(
    "/{uuid}",
    operation_id="CancelBatch",
    response_model=Envelope[BatchOut],
    responses=errors(404),
)
async def cancel(uuid: UUID, who: Caller, services: Inject) -> Response:
    """Call nobody more. Calls that ring or talk go on; one that is over stays as it is."""
    if services.batches is not None:
        services.batches.cancel(uuid, who.account)
    async with services.database.write() as session:
        batch = await get_to_change(session, Batch, who.account, uuid)
        await cancel_batch(session, batch, services.events, services.clock.now())
        return ok(await _whole(session, services, who, batch))


def _runner(services: Services) -> BatchRunner:
    if services.batches is None:
        raise NoCallsPlaced
    return services.batches


def _again(services: Services, who: Principal) -> Rebuild:
    async def again(uuid: UUID) -> Response | None:
        async with services.database.read() as session:
            batch = await get_owned(session, Batch, who.account, uuid)
            return ok(await _whole(session, services, who, batch), 201)

    return again


async def _whole(
    session: AsyncSession, services: Services, who: Principal, batch: Batch
) -> BatchOut:
    (out,) = await _shown(session, services, who, [batch])
    out["phones"] = await phones_of(session, batch.uuid)
    return out


async def _shown(
    session: AsyncSession, services: Services, who: Principal, found: list[Batch]
) -> list[BatchOut]:
    around = await load_around(session, services, who.account, found)
    leases = await leases_by_uuid(session, services, who.account, (b.lease_uuid for b in found))
    around = replace(around, leases=leases)
    wanted = {batch.profile_uuid for batch in found}
    mine = OutboundVoiceProfile.account_uuid == who.account
    profiles = await session.scalars(
        select(OutboundVoiceProfile).where(mine, OutboundVoiceProfile.uuid.in_(wanted))
    )
    shown: dict[UUID, Any] = {
        each.uuid: {
            **profile_short(each),
            "shaken_sign_policy": each.shaken_sign_policy,
            "account": account_short(around.account),
        }
        for each in profiles
    }
    return [
        batch_out(
            batch,
            shown.get(batch.profile_uuid),
            leases.get(batch.lease_uuid) if batch.lease_uuid else None,
            _maker(around, batch),
        )
        for batch in found
    ]


def _maker(around: Around, batch: Batch) -> UserOut | None:
    """Write who made it, with the account as the documents show it (spec/07)."""
    maker = around.user(batch.created_by)
    return maker and {**maker, "account": account_short(around.account)}
