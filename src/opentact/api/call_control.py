"""What can be done to a live call: hang it up, or run a call flow on it (spec/07)."""

from uuid import UUID

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel

from opentact.voice.callflow.document import read
from opentact.voice.calls import get_call
from opentact.voice.live_calls import CallIsOver, LiveCall

from .auth import Principal
from .envelope import Envelope, errors, ok
from .services import Caller, Inject, Services
from .sip_app_flows import DOCUMENT_BODY, read_document
from .wire.call_shapes import CallOut
from .wire.calls import call_entity

router = APIRouter(prefix="/rest", tags=["Call"])


async def _live(uuid: UUID, who: Principal, services: Services) -> LiveCall:
    found = services.switchboard.find(who.account, uuid)
    if found is None:
        async with services.database.read() as session:
            await get_call(session, who.account, uuid)
        raise CallIsOver("The call is over: nothing can be done on it any more")
    if found.over is not None:
        raise CallIsOver("The call is just ending: nothing can be done on it any more")
    return found


async def _execute(uuid: UUID, request: Request, who: Principal, services: Services) -> Response:
    conversation = await _live(uuid, who, services)
    conversation.replace(read(await read_document(request)))
    return ok(call_entity(conversation.card))


@router.delete(
    "/call/{uuid}",
    operation_id="HangUpCall",
    response_model=Envelope[CallOut],
    responses=errors(404, 409),
)
async def hang_up(uuid: UUID, who: Caller, services: Inject) -> Response:
    """Hang up a live call."""
    conversation = await _live(uuid, who, services)
    conversation.hang_up()
    return ok(call_entity(conversation.card))


class BridgeNew(BaseModel):
    """Two live calls of the account, by their uuids."""

    call_a: UUID
    call_b: UUID


@router.post(
    "/call/bridge",
    operation_id="BridgeCalls",
    response_model=Envelope[list[CallOut]],
    responses=errors(404, 409),
)
async def bridge(body: BridgeNew, who: Caller, services: Inject) -> Response:
    """Connect two calls that talk; what runs on them is stopped. When one ends, so does the other.

    A flow that is posted to either runs beside the connection.
    """
    one = await _live(body.call_a, who, services)
    two = await _live(body.call_b, who, services)
    services.switchboard.join(one, two)
    return ok([call_entity(one.card), call_entity(two.card)])


@router.post(
    "/call/sca/{uuid}",
    operation_id="ExecuteCallFlow",
    response_model=Envelope[CallOut],
    responses=errors(404, 409, 415),
    openapi_extra=DOCUMENT_BODY,
)
async def execute(uuid: UUID, request: Request, who: Caller, services: Inject) -> Response:
    """Run a call flow on a live or parked call, in place of what runs there."""
    return await _execute(uuid, request, who, services)


@router.post(
    "/sip/app/call/{uuid}",
    tags=["SIP Control App"],
    operation_id="ExecuteSIPControlAppCallExecuteCallFlow",
    response_model=Envelope[CallOut],
    responses=errors(404, 409, 415),
    openapi_extra=DOCUMENT_BODY,
)
async def execute_old(uuid: UUID, request: Request, who: Caller, services: Inject) -> Response:
    """Run a call flow on a live or parked call, at the older address."""
    return await _execute(uuid, request, who, services)
