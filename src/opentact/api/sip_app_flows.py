"""/rest/sip/app/call/flow: the static call flow of a control app (spec/05, spec/12)."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from starlette.datastructures import UploadFile

from opentact.accounts.ownership import get_owned
from opentact.kit.faults import BadField, BadRequest, Fault
from opentact.voice.apps import SipControlApp, StaticCallFlow, flow_version, remove_flow, save_flow
from opentact.voice.callflow.document import read

from .around import owner
from .envelope import NothingMore, errors, ok
from .fields import MOST_INT
from .services import Caller, Inject, Services
from .wire.sip import CallFlowOut

FORMS = {"multipart/form-data", "application/x-www-form-urlencoded"}
DOCUMENTS = {"text/xml", "application/xml"}
FORM_FIELDS = 10
_XML = {"schema": {"type": "string", "contentMediaType": "application/xml"}}
_FILE = {"type": "string", "contentMediaType": "application/xml"}
_FORM = {"schema": {"type": "object", "properties": {"file": _FILE}, "required": ["file"]}}
DOCUMENT_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {"multipart/form-data": _FORM, "text/xml": _XML, "application/xml": _XML},
    }
}


class NotADocument(Fault):
    """The body is of a type this route does not read: send a form with `file`, or XML."""

    code = "unsupported_media_type"
    status = 415


router = APIRouter(prefix="/rest/sip/app/call/flow", tags=["SIP Control App"])


async def read_document(request: Request) -> bytes:
    """Take the XML out of a request: the part `file` of a form, or the body itself.

    The type is what tells the two apart; what the document says is not looked at here.
    """
    kind = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if kind in DOCUMENTS:
        return await request.body()
    if kind not in FORMS:
        raise NotADocument
    async with request.form(max_files=1, max_fields=FORM_FIELDS) as form:
        part = form.get("file")
        if part is None:
            missing = BadField("expected the call flow, an XML document")
            raise BadRequest("The form has no part named file", fields={"params.file": missing})
        return await part.read() if isinstance(part, UploadFile) else part.encode(errors="replace")


def _answer(flow: StaticCallFlow, services: Services) -> Response:
    url = f"{services.public_url}/rest/sip/app/call/flow/{flow.sip_control_app_uuid}"
    return ok(flow.document.decode("utf-8-sig"), url=url, version=flow.version)


@router.get(
    "/{uuid}",
    operation_id="GetSIPControlAppStaticCallFlow",
    response_model=CallFlowOut,
    responses=errors(404),
)
async def flow(
    uuid: UUID,
    who: Caller,
    services: Inject,
    version: Annotated[int | None, Query(ge=1, le=MOST_INT)] = None,
) -> Response:
    """Show the static call flow, or one of the last twenty versions."""
    async with services.database.read() as session:
        app = await get_owned(session, SipControlApp, who.account, uuid)
        return _answer(await flow_version(session, app, version), services)


@router.post(
    "/{uuid}",
    operation_id="SaveSIPControlAppStaticCallFlow",
    response_model=CallFlowOut,
    responses=errors(404, 415),
    openapi_extra=DOCUMENT_BODY,
)
async def save(uuid: UUID, request: Request, who: Caller, services: Inject) -> Response:
    """Save a call flow. A wrong one is refused whole, each mistake with its line and column."""
    document = await read_document(request)
    async with services.database.read() as session:
        await get_owned(session, SipControlApp, who.account, uuid)
    read(document)
    async with services.database.write() as session:
        saved = await save_flow(session, owner(who), uuid, document, services.clock.now())
    return _answer(saved, services)


@router.delete(
    "/{uuid}",
    operation_id="RemoveSIPControlAppStaticCallFlow",
    response_model=NothingMore,
    responses=errors(404),
)
async def remove(uuid: UUID, who: Caller, services: Inject) -> Response:
    """Remove the static call flow."""
    async with services.database.write() as session:
        await remove_flow(session, owner(who), uuid, services.clock.now())
    return ok({})
