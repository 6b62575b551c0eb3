"""/rest/call/{uuid}/timeline: what happened to a call, in order, told in plain sentences."""

from uuid import UUID

from fastapi import APIRouter, Response
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from opentact.kit.faults import NotFound
from opentact.voice.calls import Call, CallFlowLog
from opentact.voice.recordings import recordings_of
from opentact.voice.timeline.rows import Kept, kept, load
from opentact.voice.timeline.story import Material
from opentact.voice.transcripts import transcripts_of

from .envelope import Envelope, errors, ok
from .services import Caller, Inject, Services
from .wire.timelines import TimelineOut, timeline_out

router = APIRouter(prefix="/rest", tags=["Call"])
MOST_LEGS = 50
MOST_LOGS = 1000  # commands shown, as with the call itself


@router.get(
    "/call/{uuid}/timeline",
    operation_id="GetCallTimeline",
    response_model=Envelope[TimelineOut],
    responses=errors(404),
)
async def timeline(uuid: UUID, who: Caller, services: Inject, *, raw: bool = False) -> Response:
    """Explain a call: SIP messages of all legs, commands, requests, digits, media, money, cause.

    `raw` adds each SIP message as it was; proofs of passwords and media keys stay masked.
    """
    async with services.database.read() as session:
        material = await material_of(session, services, uuid, who.account)
    return ok(timeline_out(material, raw=raw))


async def material_of(
    session: AsyncSession, services: Services, uuid: UUID, account: UUID | None
) -> Material:
    """Gather what is known of a call and its legs; of any account if None (a signed link came)."""
    asked = await _one(session, uuid, account)
    first = asked
    if asked.parent_uuid is not None:
        first = await _one(session, asked.parent_uuid, asked.account_uuid)
    live = services.traces.of(first.uuid)
    trace = kept(live) if live is not None else await load(session, first)
    calls = [first, *await _legs(session, first, trace)]
    logs = await session.scalars(
        select(CallFlowLog)
        .where(CallFlowLog.call_uuid == first.uuid)
        .order_by(CallFlowLog.created_on, CallFlowLog.uuid)
        .limit(MOST_LOGS)
    )
    recordings = [each for call in calls for each in await recordings_of(session, call.uuid)]
    words = await transcripts_of(session, recordings)
    return Material(calls, list(logs), recordings, list(words.values()), trace)


async def _legs(session: AsyncSession, first: Call, trace: Kept | None) -> list[Call]:
    """Load the legs that went out; of a call whose trace is gone, the one it was bridged to."""
    named = {UUID(each) for each in trace.calls} if trace else set[UUID]()
    if first.peer_uuid is not None:
        named.add(first.peer_uuid)
    wanted = sorted(named - {first.uuid})
    if not wanted:
        return []
    found = await session.scalars(
        select(Call)
        .where(Call.uuid.in_(wanted[:MOST_LEGS]), Call.account_uuid == first.account_uuid)
        .order_by(Call.created_on, Call.uuid)
    )
    return [call for call in found if call.parent_uuid == first.uuid]


async def _one(session: AsyncSession, uuid: UUID, account: UUID | None) -> Call:
    query = select(Call).where(Call.uuid == uuid)
    if account is not None:
        query = query.where(Call.account_uuid == account)
    found = await session.scalar(query)
    if found is None:
        raise NotFound("Call not found")
    return found
