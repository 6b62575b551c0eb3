"""/rest/token: API keys of the user (spec/02)."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field

from opentact.accounts.tokens import (
    MIN_TTL,
    create_token,
    expires,
    get_token,
    remove_all_tokens,
    remove_token,
    tokens_of,
)

from .envelope import Envelope, NothingMore, errors, ok
from .fields import Line, Name, Whole
from .services import Caller, Inject
from .wire.accounts import TokenOut, token_out

MOST_TTL = 100 * 366 * 86_400  # a hundred years: past it dates overflow
Ttl = Annotated[Whole, Field(ge=MIN_TTL, le=MOST_TTL, description="seconds")]


class TokenNew(BaseModel):
    """A key's name, and its life in seconds (none: until it is removed)."""

    name: Name
    ttl: Ttl | None = None


class TokenUpdate(BaseModel):
    """What to change; a new `ttl` counts from when the token was made."""

    name: Name | None = None
    ttl: Ttl | None = None


router = APIRouter(prefix="/rest/token", tags=["Auth"])


@router.post(
    "",
    status_code=201,
    operation_id="CreateToken",
    response_model=Envelope[TokenOut],
    responses=errors(),
)
async def create(body: TokenNew, who: Caller, services: Inject) -> Response:
    """Create a token. This answer is the only place its secret is ever shown."""
    secret, now = services.new_secret(), services.clock.now()
    async with services.database.write() as session:
        token = await create_token(
            session, who.account, who.user, secret, name=body.name, ttl=body.ttl, now=now
        )
    return ok(token_out(token, secret), 201)


@router.get(
    "/list",
    operation_id="GetTokenList",
    response_model=Envelope[list[TokenOut]],
    responses=errors(),
)
async def listed(who: Caller, services: Inject) -> Response:
    """List the user's tokens, oldest first."""
    async with services.database.read() as session:
        return ok([token_out(token) for token in await tokens_of(session, who.user)])


@router.patch(
    "/{uuid}",
    operation_id="ModifyToken",
    response_model=Envelope[TokenOut],
    responses=errors(404),
)
async def modify(uuid: UUID, body: TokenUpdate, who: Caller, services: Inject) -> Response:
    """Rename a token or change its life."""
    async with services.database.write() as session:
        token = await get_token(session, who.user, uuid)
        token.name = body.name or token.name
        if body.ttl is not None:
            token.ttl, token.expired_on = body.ttl, expires(token.created_on, body.ttl)
        token.modified_on = services.clock.now()
    services.access_changed(who.account)
    return ok(token_out(token))


@router.delete("/all", operation_id="RemoveAll", response_model=NothingMore, responses=errors())
async def remove_all(who: Caller, services: Inject) -> Response:
    """Remove every token of the user."""
    async with services.database.write() as session:
        await remove_all_tokens(session, who.user)
    services.access_changed(who.account)
    return ok({})


@router.delete(
    "/{token}",
    operation_id="RemoveByTokenString",
    response_model=Envelope[TokenOut],
    responses=errors(404),
)
async def remove(token: Line, who: Caller, services: Inject) -> Response:
    """Remove the token that reads so."""
    async with services.database.write() as session:
        removed = await remove_token(session, who.user, token)
    services.access_changed(who.account)
    return ok(token_out(removed))
