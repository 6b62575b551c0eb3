"""/rest/verified_number: numbers of elsewhere that an account may show as caller.

A telephone there rings, and whoever answers enters six digits (docs/decisions/0108).
"""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Response
from pydantic import AfterValidator, BeforeValidator, WithJsonSchema

from opentact.voice.admission import dialled_number
from opentact.voice.verified_numbers import (
    get_verified_number,
    remove,
    verified_numbers_of,
)

from .around import owner
from .envelope import Envelope, NothingMore, errors, ok
from .fields import Name
from .placed_calls import NoCallsPlaced, Number, ShownFields
from .services import Caller, Inject
from .wire.verified_numbers import (
    VerifiedNumberOut,
    VerifyingOut,
    verified_number_out,
    verifying_out,
)

router = APIRouter(prefix="/rest/verified_number", tags=["Verified number"])


def _real(text: str) -> str:
    # ITU-T E.164: no country's whole numbers are shorter; short codes are nobody's own.
    if (dialled_number(text) or 0) < 10**7:
        raise ValueError("expected a number with its country, such as +12025550142")
    return text


def _name(value: object) -> object:
    if isinstance(value, str) and len(value) == UUID_LENGTH:
        return UUID(value)
    number = dialled_number(value) if isinstance(value, str) else value
    if number is None:
        raise ValueError("expected a uuid, or a number such as 12025550142")
    return number


UUID_LENGTH = 36
InPath = Annotated[
    UUID | int,
    BeforeValidator(_name),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "format": "uuid"},
                {"type": "string", "pattern": "^[1-9][0-9]{9,14}$"},
            ]
        }
    ),
    Path(description="its uuid, or its number"),
]


class VerifiedNumberNew(ShownFields):
    """A number to be called for its code, by which profile, and as whose call."""

    tn: Annotated[Number, AfterValidator(_real)]
    name: Name | None = None


CALLED = {
    **errors(402, 404, 409, 503),
    403: {**errors(404)[404], "description": "A rule refuses the call; the message says which"},
    429: {**errors(404)[404], "description": "It was called too often today"},
}


@router.post(
    "",
    status_code=201,
    operation_id="VerifyNumber",
    response_model=Envelope[VerifyingOut],
    responses=CALLED,
)
async def create(body: VerifiedNumberNew, who: Caller, services: Inject) -> Response:
    """Call a number, and ask who answers for the code of this answer; it is told nowhere else.

    What came of it is the number's `state`. Ask again for a number that failed.
    """
    if services.verifier is None:
        raise NoCallsPlaced
    number = dialled_number(body.tn)
    assert number is not None  # noqa: S101 - `_real` has looked
    made, code = await services.verifier.begin(
        owner(who), number, body.name, body.outbound_voice_profile, body.shown
    )
    return ok(verifying_out(made, code, services.clock.now()), 201)


@router.get(
    "",
    operation_id="ListVerifiedNumbers",
    response_model=Envelope[list[VerifiedNumberOut]],
    responses=errors(),
)
async def listed(who: Caller, services: Inject) -> Response:
    """List the account's numbers that are verified, or were to be, oldest first."""
    now = services.clock.now()
    async with services.database.read() as session:
        found = await verified_numbers_of(session, who.account)
    return ok([verified_number_out(each, now) for each in found])


@router.get(
    "/{name}",
    operation_id="GetVerifiedNumber",
    response_model=Envelope[VerifiedNumberOut],
    responses=errors(404),
)
async def one(name: InPath, who: Caller, services: Inject) -> Response:
    """Show one, by its uuid or its number."""
    async with services.database.read() as session:
        found = await get_verified_number(session, who.account, name)
    return ok(verified_number_out(found, services.clock.now()))


@router.delete(
    "/{name}",
    operation_id="RemoveVerifiedNumber",
    response_model=NothingMore,
    responses=errors(404),
)
async def delete(name: InPath, who: Caller, services: Inject) -> Response:
    """Show a number no more. Calls that are placed already go on."""
    async with services.database.write() as session:
        found = await get_verified_number(session, who.account, name, change=True)
        remove(found, owner(who), services.clock.now())
    return ok({})
