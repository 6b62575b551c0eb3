"""/rest/tn: finding numbers that are for sale (spec/03; spec/11 B14)."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Response
from pydantic import AliasChoices, BaseModel, Field
from sqlalchemy import select
from typing_extensions import TypedDict

from opentact.kit.faults import BadField, BadRequest
from opentact.numbers.features import Feature
from opentact.numbers.inventory import FOR_SALE, Tn
from opentact.numbers.masks import Plan, plan_infix, plan_positions, read_positions
from opentact.numbers.profiles import price_lists, profile_named
from opentact.numbers.search import Wanted, search_numbers
from opentact.numbers.tn import TnType

from .envelope import Envelope, errors, ok
from .fields import Flag, Line
from .services import Caller, Inject
from .wire.dictionaries import CountryOut, country_out
from .wire.numbers import TnOut, tn_out

MOST_SKIP = 100_000  # further down a list than this nobody reads; narrow the search
router = APIRouter(prefix="/rest/tn", tags=["TN"])

Digits3 = Annotated[str, Field(pattern=r"^[0-9]{3}$")]
Take = Annotated[int, Field(ge=1, le=100)]
Skip = Annotated[int, Field(ge=0, le=MOST_SKIP)]


class TnSearch(BaseModel):
    """What to look for. With `type` the dialect of 2022 is spoken, else that of 2020."""

    type: TnType | None = None
    country: Annotated[Line, Field(min_length=2, max_length=2)] | None = None
    state: Annotated[Line, Field(max_length=2)] | None = Field(
        None, validation_alias=AliasChoices("state", "province")
    )
    city: Line | None = None
    rate_center: Line | None = Field(
        None, validation_alias=AliasChoices("rate_center", "rateCenter")
    )
    npa: Digits3 | None = None
    nxx: Digits3 | None = None
    line: Line | None = Field(None, description="4 characters: digits, and x for any")
    pattern: Line | None = Field(
        None, description="toll-free: 7 digits or x; without `type`: digits, * for any run, % one"
    )
    features: list[Literal["voice", "sms"]] = []
    postal_code: Line | None = Field(
        None, validation_alias=AliasChoices("postal_code", "postalCode")
    )
    abc_search: Flag = Field(
        default=False, validation_alias=AliasChoices("abc_search", "abcSearch")
    )
    profile: Line | None = None
    take: Take | None = None
    skip: Skip | None = None

    def wanted(self) -> Wanted:
        """Turn it into our own words, or say what is wrong."""
        if self.postal_code:
            # Ignoring it would answer with numbers from anywhere.
            raise _wrong("postal_code", "not known here: use city, state or npa", self.postal_code)
        plans: list[Plan] = []
        if self.npa or self.nxx or self.line or (self.type and self.pattern):
            plans.append(self._positions())
        elif self.pattern:
            plans.append(_infix(self.pattern, letters=self.abc_search))
        return Wanted(
            type=self.type.value if self.type else None,
            country=self.country.upper() if self.country else None,
            state=self.state.upper() if self.state else None,
            city=self.city or None,
            rate_center=self.rate_center.upper() if self.rate_center else None,
            features=frozenset(Feature(name) for name in self.features),
            profile=self.profile or None,
            plans=tuple(plans),
        )

    def _positions(self) -> Plan:
        if self.pattern and set("*%") & set(self.pattern):
            return _infix(self.pattern, letters=self.abc_search)
        head = read_positions(self.npa or "xxx", 3)
        if self.pattern:
            return plan_positions(head + _read("pattern", self.pattern, 7))
        return plan_positions(
            head + read_positions(self.nxx or "xxx", 3) + _read("line", self.line or "xxxx", 4)
        )


class TnsFound(TypedDict):
    """A page of numbers. `total` counts up to 1,000; `total_capped` says that there are more."""

    take: int
    skip: int
    total: int
    total_capped: bool
    data: list[TnOut]


@router.post(
    "/search",
    operation_id="Search",
    response_model=Envelope[TnsFound],
    responses=errors(404),
)
async def search(
    who: Caller,
    services: Inject,
    body: TnSearch | None = None,
    take: Annotated[Take | None, Query()] = None,
    skip: Annotated[Skip | None, Query()] = None,
    page: Annotated[int | None, Query(ge=1, le=MOST_SKIP)] = None,
    size: Annotated[Take | None, Query()] = None,
) -> Response:
    """Find numbers that are for sale, lowest first. The query wins over the body."""
    asked = body or TnSearch()
    count = take or size or asked.take or 10
    first = skip if skip is not None else (page - 1) * count if page else asked.skip or 0
    if first > MOST_SKIP:
        raise _wrong("page", f"with this size, at most {MOST_SKIP // count + 1}", page)
    wanted = asked.wanted()
    async with services.database.read() as session:
        if wanted.profile is not None:
            await profile_named(session, wanted.profile)
        found = await search_numbers(session, wanted, take=count, skip=first)
        names = {row.profile for row in found.rows}
        prices = await price_lists(session, who.account, names, now=services.clock.now())
    data = [tn_out(row, prices) for row in found.rows]
    answer = {"take": count, "skip": first, "total": found.total, "total_capped": found.capped}
    return ok({**answer, "data": data})


@router.get(
    "/search/countries",
    operation_id="SearchCountries",
    response_model=Envelope[list[CountryOut]],
    responses=errors(),
)
async def countries(_who: Caller, services: Inject) -> Response:
    """List the countries in which numbers are for sale."""
    async with services.database.read() as session:
        found: list[str] = []
        while True:
            # One step of the index per country, instead of a walk over every number.
            query = select(Tn.country).where(FOR_SALE, Tn.country > (found or [""])[-1])
            following = await session.scalar(query.order_by(Tn.country).limit(1))
            if following is None:
                break
            found.append(following)
    return ok([country_out(code) for code in found])


def _infix(text: str, *, letters: bool) -> Plan:
    try:
        return plan_infix(text, letters=letters)
    except ValueError as error:
        raise _wrong("pattern", str(error), text) from None


def _read(name: str, text: str, length: int) -> Any:
    try:
        return read_positions(text, length)
    except ValueError as error:
        raise _wrong(name, str(error), text) from None


def _wrong(name: str, message: str, value: object) -> BadRequest:
    return BadRequest(
        f"Wrong value for: {name}", fields={f"params.{name}": BadField(message, value)}
    )
