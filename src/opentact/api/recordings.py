"""/rest/record: recordings, and the signed links by which their sound is fetched (D-36)."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Response
from fastapi.responses import FileResponse
from pydantic import Field

from opentact.kit.faults import NotFound
from opentact.voice.recordings import RecordingState, get_recording
from opentact.voice.transcripts import forget_transcripts, transcripts_of

from .envelope import Envelope, ErrorOut, errors, ok
from .services import Caller, Inject
from .wire.call_shapes import RecordingOut
from .wire.transcripts import recording_shown

_TYPES = {"wav": "audio/wav", "mp3": "audio/mpeg"}
router = APIRouter(prefix="/rest", tags=["Recording"])


@router.get(
    "/record/{uuid}",
    operation_id="GetRecording",
    response_model=Envelope[RecordingOut],
    responses=errors(404),
)
async def record(uuid: UUID, who: Caller, services: Inject) -> Response:
    """Show a recording, with a fresh link, and its words if they were asked for (`asr`)."""
    async with services.database.read() as session:
        found = await get_recording(session, who.account, uuid)
        transcript = (await transcripts_of(session, [found])).get(uuid)
    stored = found.state is RecordingState.STORED
    link = services.recording_links.link(uuid, services.clock.now()) if stored else None
    return ok(recording_shown(found, link, transcript))


@router.delete(
    "/record/{uuid}",
    operation_id="RemoveRecording",
    response_model=Envelope[RecordingOut],
    responses=errors(404),
)
async def remove_record(uuid: UUID, who: Caller, services: Inject) -> Response:
    """Delete a recording, its file and its words included."""
    async with services.database.write() as session:
        found = await get_recording(session, who.account, uuid)
        found.deleted_on = found.modified_on = services.clock.now()
        await forget_transcripts(session, [uuid])
    (services.recordings / found.file).unlink(missing_ok=True)
    return ok(recording_shown(found, None, None))


@router.get(
    "/record/{uuid}/file",
    operation_id="GetRecordingFile",
    response_class=FileResponse,
    responses={
        **errors(404, public=True),
        401: {"model": ErrorOut, "description": "The link is altered or has expired"},
        200: {
            "content": {
                kind: {"schema": {"type": "string", "format": "binary"}} for kind in _TYPES.values()
            },
            "description": "The sound",
        },
    },
)
async def record_file(
    uuid: UUID,
    expires: Annotated[int, Field(ge=0, lt=2**53)],
    signature: str,
    services: Inject,
) -> Response:
    """Fetch a recording's sound by its signed link; no other credentials are asked for."""
    services.recording_links.check(uuid, expires, signature, services.clock.now())
    async with services.database.read() as session:
        found = await get_recording(session, None, uuid)
    path = services.recordings / found.file
    if found.state is not RecordingState.STORED or not path.is_file():
        raise NotFound("Recording not found")
    name = f"{found.tag or found.uuid}.{found.format}".replace("/", "_")
    return FileResponse(path, media_type=_TYPES[found.format], filename=name)
