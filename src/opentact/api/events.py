"""/rest/event: what happened, for whoever was away (spec/11 D-37)."""

from typing import Annotated
from uuid import UUID

import orjson
from fastapi import APIRouter, Query, Response

from opentact.events.log import read_after
from opentact.events.subscriptions import EventType

from .envelope import Envelope, errors, ok
from .services import Caller, Inject
from .wire.subscriptions import EventPageOut

USUAL_TAKE, MOST_TAKE = 100, 1000

router = APIRouter(prefix="/rest/event", tags=["Events"])


@router.get(
    "",
    operation_id="ListEvents",
    response_model=Envelope[EventPageOut],
    responses=errors(),
)
async def listed(
    who: Caller,
    services: Inject,
    after: Annotated[UUID | None, Query(description="uuid of the last event you know")] = None,
    take: Annotated[int, Query(ge=1, le=MOST_TAKE)] = USUAL_TAKE,
    type: Annotated[list[EventType] | None, Query(description="may be repeated")] = None,  # noqa: A002 - the wire's word
) -> Response:
    """Show the events that followed `after`, oldest first; without it, from the oldest kept.

    Ask again with `next` as `after` until `data` is empty. `gap` tells that events between
    `after` and the first one shown are no longer kept.
    """
    types = frozenset(one.value for one in type) if type else None
    async with services.database.read() as session:
        page = await read_after(session, who.account, after, take=take, types=types)
    known = page.events[-1].uuid if page.events else after
    return ok(
        {
            "take": take,
            "after": str(after) if after else None,
            "next": str(known) if known else None,
            "gap": page.gap,
            # The frames are kept as text: they go out as they were written then.
            "data": [orjson.Fragment(event.frame) for event in page.events],
        }
    )
