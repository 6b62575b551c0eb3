"""/rest/admin/inspect: what every living thing of this node is doing, for its operator."""

from enum import StrEnum
from typing import Any

from fastapi import APIRouter, Response

from .envelope import Envelope, errors, ok
from .services import Admin, Inject

router = APIRouter(prefix="/rest/admin/inspect", tags=["Admin"])


class What(StrEnum):
    """What can be looked at."""

    CALLS = "calls"
    REGISTRATIONS = "registrations"
    TRANSACTIONS = "transactions"
    DIALOGS = "dialogs"
    CONNECTIONS = "connections"
    TRUNKS = "trunks"
    GUARD = "guard"
    MEDIA = "media"
    JOBS = "jobs"
    SPEECH = "speech"


@router.get(
    "/{what}",
    operation_id="Inspect",
    response_model=Envelope[list[dict[str, Any]]],
    responses=errors(),
)
async def inspect(what: What, _who: Admin, services: Inject) -> Response:
    """Show calls, registrations, what SIP and media are doing, trunks, jobs or strangers."""
    look = services.inspect.get(what)
    return ok(await look() if look else [])
