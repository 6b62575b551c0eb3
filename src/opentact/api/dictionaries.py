"""/rest/dict: countries, time zones, voices, states and rate centres (spec/02)."""

from typing import Annotated

from fastapi import APIRouter, Query, Response
from sqlalchemy import select

from opentact.numbers.countries import countries
from opentact.numbers.inventory import Tn
from opentact.numbers.nanp import states, within
from opentact.numbers.zones import zones
from opentact.voice.voices import VOICES

from .envelope import Envelope, errors, ok
from .fields import Line
from .services import Caller, Inject
from .wire.dictionaries import (
    CountryOut,
    RateCenterOut,
    StateOut,
    VoiceOut,
    ZoneOut,
    state_out,
    voice_out,
    write_country,
    zone_out,
)

router = APIRouter(prefix="/rest/dict", tags=["Dictionary"])
MOST_RATE_CENTERS = 10_000


@router.get(
    "/country",
    operation_id="ListDictCountry",
    response_model=Envelope[list[CountryOut]],
    responses=errors(),
)
async def country(_who: Caller) -> Response:
    """List the countries of ISO 3166."""
    return ok([write_country(country) for country in countries().values()])


@router.get(
    "/tz",
    operation_id="ListDictTimeZone",
    response_model=Envelope[list[ZoneOut]],
    responses=errors(),
)
async def time_zones(_who: Caller, services: Inject) -> Response:
    """List the time zones, with their offsets of this year."""
    return ok([zone_out(zone) for zone in zones(services.clock.now().year)])


@router.get(
    "/gtts",
    operation_id="ListDictGTTSVoices",
    response_model=Envelope[list[VoiceOut]],
    responses=errors(),
)
async def voices(_who: Caller) -> Response:
    """List the voices that a call flow may ask for."""
    return ok([voice_out(voice) for voice in VOICES])


@router.get(
    "/lerg/states",
    operation_id="ListDictLERGStates",
    response_model=Envelope[list[StateOut]],
    responses=errors(),
)
async def lerg_states(
    _who: Caller, country: Annotated[Line | None, Query(min_length=2, max_length=2)] = None
) -> Response:
    """List the states and provinces that have area codes."""
    wanted = country.upper() if country else None
    names = states(wanted)
    return ok([state_out(name, within(wanted)) for name in names])


@router.get(
    "/lerg/ratecenters",
    operation_id="ListDictLERGRateCenters",
    response_model=Envelope[list[RateCenterOut]],
    responses=errors(),
)
async def rate_centers(
    _who: Caller,
    services: Inject,
    state: Annotated[Line | None, Query(min_length=2, max_length=2)] = None,
) -> Response:
    """List the rate centres in which there are numbers, with their area codes and exchanges."""
    query = select(Tn.state, Tn.rate_center, Tn.tn.op("/")(10_000).label("block")).distinct()
    query = query.where(Tn.rate_center.is_not(None))
    if state is not None:
        query = query.where(Tn.state == state.upper())
    found: dict[tuple[str, str], RateCenterOut] = {}
    async with services.database.read() as session:
        for row in await session.execute(query.order_by("state", "rate_center", "block")):
            out = found.setdefault(
                (row.state, row.rate_center),
                {"rate_center": row.rate_center, "state": row.state, "npa": [], "npa_nxx": []},
            )
            block = str(row.block)
            if block[1:4] not in out["npa"]:
                out["npa"].append(block[1:4])
            out["npa_nxx"].append(block[1:])
    return ok(list(found.values())[:MOST_RATE_CENTERS])
