"""/rest/admin/rate_deck: the price tables of outgoing calls, for admins only."""

from fastapi import APIRouter, Request, Response
from typing_extensions import TypedDict

from opentact.billing.deck_uploads import Upload, take_rates
from opentact.billing.rate_decks import RateDeck, decks, get_deck
from opentact.kit.clock import stamp
from opentact.kit.faults import BadField, BadRequest

from .envelope import Envelope, errors, ok
from .services import Admin, Inject

MOST_DECKS = 1_000
MOST_SHOWN = 100  # bad rows in an answer; the rest is counted
router = APIRouter(prefix="/rest/admin/rate_deck", tags=["Admin"])


class BadRateOut(TypedDict):
    """What is wrong with a row: its line in the file, from 1, the column and why."""

    line: int
    column: str
    reason: str


class RateDeckOut(TypedDict):
    """A deck and how many rates it has."""

    id: int
    name: str
    rates: int
    created_on: str
    modified_on: str


class UploadOut(TypedDict):
    """What became of an upload."""

    id: int
    rows: int
    kept: int
    bad: int
    errors: list[BadRateOut]


@router.get(
    "",
    operation_id="ListRateDecks",
    response_model=Envelope[list[RateDeckOut]],
    responses=errors(),
)
async def listed(who: Admin, services: Inject) -> Response:
    """List the rate decks."""
    del who
    async with services.database.read() as session:
        return ok([_out(deck, count) for deck, count in await decks(session)])


@router.put(
    "/{deck}",
    operation_id="UploadRateDeck",
    response_model=Envelope[UploadOut],
    responses=errors(400),
)
async def upload(deck: int, request: Request, who: Admin, services: Inject) -> Response:
    """Add the rates of a CSV file to a deck, or change them; bad rows are told, good ones kept.

    The file is the part `file` of multipart/form-data, or the body itself (text/csv).
    """
    del who
    if not 1 <= deck <= MOST_DECKS:
        message = f"expected a number from 1 to {MOST_DECKS}"
        raise BadRequest(message, fields={"params.deck": BadField(message, deck)})
    text = await _text(request)
    done = Upload()
    async for _ in take_rates(services.database, deck, text.splitlines(), services.clock, done):
        pass
    if services.decks is not None:
        services.decks.forget(deck)
    shown = [
        {"line": bad.line, "column": bad.column, "reason": bad.reason}
        for bad in done.bad[:MOST_SHOWN]
    ]
    return ok(
        {
            "id": deck,
            "rows": done.kept + done.bad_rows,
            "kept": done.kept,
            "bad": done.bad_rows,
            "errors": shown,
        }
    )


@router.get(
    "/{deck}",
    operation_id="GetRateDeck",
    response_model=Envelope[RateDeckOut],
    responses=errors(404),
)
async def one(deck: int, who: Admin, services: Inject) -> Response:
    """Show a rate deck."""
    del who
    async with services.database.read() as session:
        found = await get_deck(session, deck)
        counts = {each.id: count for each, count in await decks(session)}
    return ok(_out(found, counts[deck]))


async def _text(request: Request) -> str:
    """Read the CSV that was sent, whichever way."""
    raw: bytes | str
    if request.headers.get("content-type", "").startswith("multipart/form-data"):
        part = (await request.form()).get("file")
        if part is None:
            message = "send the CSV file as the part `file`"
            raise BadRequest(message, fields={"params.file": BadField(message)})
        raw = part if isinstance(part, str) else await part.read()
    else:
        raw = await request.body()
    text = raw if isinstance(raw, str) else raw.decode("utf-8-sig", errors="replace")
    if not text.strip():
        message = "the file is empty: its first line names the columns"
        raise BadRequest(message, fields={"params.file": BadField(message)})
    return text


def _out(deck: RateDeck, rates: int) -> RateDeckOut:
    return {
        "id": deck.id,
        "name": deck.name,
        "rates": rates,
        "created_on": stamp(deck.created_on),
        "modified_on": stamp(deck.modified_on),
    }
