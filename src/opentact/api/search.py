"""One mechanism for every `/search`: filters, masks, ranges, exclusions, order and paging.

A resource says which of its columns may be searched, and how; the rest is the same everywhere
(spec/01, paging and searching): `mode` AND or OR between the filters, `<filter>_skip` arrays,
`created_on_from` and its kin, `order`, and `take`/`skip` in the query (which wins) or the body.
JSON, multipart and form bodies are all read (spec/11 A14).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Generic, Literal, TypeVar

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    create_model,
    field_validator,
)
from sqlalchemy import ColumnElement, Select, and_, false, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from typing_extensions import NotRequired, TypedDict  # noqa: UP035 - pydantic needs these on 3.11

from opentact.kit.clock import parse_stamp
from opentact.kit.faults import BadField, BadRequest

from .fields import sound

T = TypeVar("T")
MOST_TAKE = 100
USUAL_TAKE = 10
MOST_SKIPPED = 1000  # values in one `_skip` array: bounds the statement
ABREAST = 100  # conditions in one expression: SQLite nests up to 1,000 deep
MOST_TEXT = 255  # characters of one value
Column = Any  # an instrumented attribute or any SQL expression


class Found(TypedDict, Generic[T]):
    """A page of results."""

    take: int
    skip: int
    total: int
    mode: NotRequired[str]
    order: NotRequired[dict[str, str]]
    data: list[T]


class Mode(StrEnum):
    """How filters combine."""

    AND = "AND"
    OR = "OR"


Direction = Literal["ASC", "DESC"]


def _moment(value: object) -> object:
    return parse_stamp(value) if isinstance(value, str) else value


Moment = Annotated[datetime, BeforeValidator(_moment)]


class _Search(BaseModel):
    """The base of all searches: no text in it is longer, or of other characters, than is kept."""

    model_config = ConfigDict(extra="ignore")

    @field_validator("*", mode="before")
    @classmethod
    def _texts(cls, value: object) -> object:
        for text in value if isinstance(value, list) else [value]:
            if isinstance(text, str) and len(sound(text)) > MOST_TEXT:
                raise ValueError(f"expected up to {MOST_TEXT} characters")
        return value


@dataclass(frozen=True, slots=True)
class Filter:
    """One thing that can be searched for.

    `test(value)` makes the condition; `type` is what a client sends (any pydantic type).
    """

    type: Any
    test: Callable[[Any], ColumnElement[bool]]


def equal(column: Column, type_: Any = str, *, read: Callable[[Any], Any] = lambda v: v) -> Filter:
    """Match the column exactly; `read` turns the client's word into ours."""
    return Filter(type_, lambda value: column == read(value))


def one_of(column: Column, words: Mapping[str, tuple[Any, ...]]) -> Filter:
    """Match any of the column values that a client's word stands for (old and new dialects)."""
    return Filter(Literal[tuple(words)], lambda word: column.in_(words[word]))


def mask(column: Column) -> Filter:
    """Match text where `*` is any run and `%` one position; without either, exactly.

    A mask does not tell capital letters from small ones; exact text does.
    """
    return Filter(str, lambda text: masked(column, text))


def masked(column: Column, text: str, *, infix: bool = False) -> ColumnElement[bool]:
    """Make the condition of a mask; `infix` lets anything stand around it."""
    if not infix and not {"*", "%"} & set(text):
        condition: ColumnElement[bool] = column == text
        return condition
    pattern = text.replace("\\", "\\\\").replace("_", "\\_").replace("%", "_").replace("*", "%")
    liked: ColumnElement[bool] = column.ilike(f"%{pattern}%" if infix else pattern, escape="\\")
    return liked


def at_least(column: Column, type_: Any = int) -> Filter:
    """Match values from this one up."""
    return Filter(type_, lambda value: column >= value)


def at_most(column: Column, type_: Any = int) -> Filter:
    """Match values up to this one."""
    return Filter(type_, lambda value: column <= value)


@dataclass(frozen=True)
class SearchSpec:
    """How one resource is searched.

    `order` names the columns a client may order by; `usual` is the order if it does not say.
    `tie` makes every order a total one, so that pages never overlap.
    """

    name: str
    filters: Mapping[str, Filter]
    order: Mapping[str, Column]
    tie: Column
    usual: tuple[str, Direction] = ("created_on", "DESC")
    model: type[BaseModel] = field(init=False)

    def __post_init__(self) -> None:
        """Make the body model, so that the published schema is the checked one."""
        fields: dict[str, Any] = {
            "take": (Annotated[int | None, Field(ge=1, le=MOST_TAKE)], None),
            "skip": (Annotated[int | None, Field(ge=0, lt=2**31)], None),
            "mode": (Mode, Mode.AND),
            "order": (dict[Literal[tuple(self.order)], Direction], {}),  # type: ignore[misc]
        }
        for name, what in self.filters.items():
            fields[name] = (what.type | None, None)
            fields[f"{name}_skip"] = (
                Annotated[list[what.type] | None, Field(max_length=MOST_SKIPPED)],  # type: ignore[name-defined]
                None,
            )
        for name in ("created_on", "modified_on"):
            if name in self.order:
                fields[f"{name}_from"] = fields[f"{name}_to"] = (Moment | None, None)
        model = create_model(self.name, __base__=_Search, **fields)
        object.__setattr__(self, "model", model)

    def conditions(self, body: BaseModel) -> ColumnElement[bool] | None:
        """Combine the filters that were given; None when there are none."""
        given = body.model_dump(exclude_none=True)
        tests: list[ColumnElement[bool]] = []
        for name, what in self.filters.items():
            if name in given:
                tests.append(what.test(given[name]))
            if given.get(f"{name}_skip"):
                tests.append(_none_of([what.test(value) for value in given[f"{name}_skip"]]))
        for name in ("created_on", "modified_on"):
            if f"{name}_from" in given:
                tests.append(self.order[name] >= given[f"{name}_from"])
            if f"{name}_to" in given:
                tests.append(self.order[name] <= given[f"{name}_to"])
        if not tests:
            return None
        return or_(*tests) if body.mode is Mode.OR else and_(*tests)  # type: ignore[attr-defined]

    def ordering(self, body: BaseModel) -> dict[str, Direction]:
        """Tell the order in force."""
        wanted: dict[str, Direction] = body.order  # type: ignore[attr-defined]
        return wanted or {self.usual[0]: self.usual[1]}


@dataclass(frozen=True, slots=True)
class Asked:
    """A search request, read and checked."""

    spec: SearchSpec
    body: BaseModel
    take: int
    skip: int

    def narrow(self, statement: Select[Any]) -> Select[Any]:
        """Add the filters to a statement that is already scoped to the account."""
        conditions = self.spec.conditions(self.body)
        return statement if conditions is None else statement.where(conditions)

    def page(self, statement: Select[Any]) -> Select[Any]:
        """Add order and paging."""
        for name, direction in self.spec.ordering(self.body).items():
            column = self.spec.order[name]
            statement = statement.order_by(column.desc() if direction == "DESC" else column.asc())
        return statement.order_by(self.spec.tie.desc()).offset(self.skip).limit(self.take)

    def answer(self, total: int, data: list[T]) -> Found[T]:
        """Write the page as the wire has it."""
        return {
            "take": self.take,
            "skip": self.skip,
            "mode": self.body.mode.value,  # type: ignore[attr-defined]
            "order": dict(self.spec.ordering(self.body)),
            "total": total,
            "data": data,
        }


def _none_of(unwanted: list[ColumnElement[bool]]) -> ColumnElement[bool]:
    """Make the condition that none holds; an empty column is not any of the unwanted values."""
    parts = [unwanted[at : at + ABREAST] for at in range(0, len(unwanted), ABREAST)]
    return and_(*(~func.coalesce(or_(*part), false()) for part in parts))


async def count(session: AsyncSession, statement: Select[Any]) -> int:
    """Count the rows of a statement, without order or paging."""
    return await session.scalar(select(func.count()).select_from(statement.subquery())) or 0


async def read_search(request: Request, spec: SearchSpec) -> Asked:
    """Read a search from the request, or say everything that is wrong with it."""
    raw = await _body(request)
    query = {key: value for key, value in request.query_params.items() if key in {"take", "skip"}}
    try:
        body = spec.model.model_validate({**raw, **query})
    except ValidationError as error:
        details = [{**item, "loc": ("body", *item["loc"])} for item in error.errors()]
        raise RequestValidationError(details) from None
    take: int | None = body.take  # type: ignore[attr-defined]
    skip: int | None = body.skip  # type: ignore[attr-defined]
    return Asked(spec, body, USUAL_TAKE if take is None else take, skip or 0)


async def _body(request: Request) -> dict[str, Any]:
    kind = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if kind in {"multipart/form-data", "application/x-www-form-urlencoded"}:
        return dict(await request.form())
    if not (await request.body()).strip():
        return {}
    try:
        raw = await request.json()
    except (ValueError, RecursionError) as error:  # the second: nested too deep
        raise BadRequest(
            f"The body is not valid JSON: {error}", fields={"params": BadField("invalid JSON")}
        ) from None
    if not isinstance(raw, dict):
        raise BadRequest(
            "The body must be a JSON object", fields={"params": BadField("not an object", raw)}
        )
    return raw


def documented(spec: SearchSpec) -> dict[str, Any]:
    """Describe the search in OpenAPI; for a route's `openapi_extra`."""
    schema = spec.model.model_json_schema(ref_template="#/components/schemas/{model}")
    definitions = schema.pop("$defs", {})
    return {
        "parameters": [
            _number("take", USUAL_TAKE, 1, MOST_TAKE),
            _number("skip", 0, 0, 2**31 - 1),
        ],
        "requestBody": {
            "required": False,
            "content": {"application/json": {"schema": _inline(schema, definitions)}},
        },
    }


def _number(name: str, usual: int, least: int, most: int) -> dict[str, Any]:
    schema = {"type": "integer", "default": usual, "minimum": least, "maximum": most}
    return {"name": name, "in": "query", "required": False, "schema": schema}


def _inline(schema: Any, definitions: Mapping[str, Any]) -> Any:
    if isinstance(schema, list):
        return [_inline(item, definitions) for item in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return _inline(definitions[schema["$ref"].rsplit("/", 1)[-1]], definitions)
    return {key: _inline(value, definitions) for key, value in schema.items()}
