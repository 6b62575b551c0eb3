"""Who is asking: every header and query form of spec/01, with a token in any position.

A value may be a JWT or an opaque token wherever one is expected, and is told apart by its form
(three parts between dots = JWT, spec/11 A1). All that came with a request is tried in turn; the
first that is good counts.
"""

import base64
import binascii
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from fastapi import Request
from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from opentact.accounts.accounts import Account
from opentact.accounts.attempts import Attempts
from opentact.accounts.jwt import JwtIssuer
from opentact.accounts.passwords import Passwords
from opentact.accounts.tokens import Token, hash_token
from opentact.accounts.users import Role, User, same_email
from opentact.kit.clock import Clock
from opentact.kit.faults import Forbidden, Unauthorized
from opentact.kit.units import Storage

CACHED_S = 5.0  # how long another node may still take a token that was removed here
MOST_CACHED = 20_000
_TOKEN_HEADERS = ("x-auth-token",)
_TOKEN_QUERIES = ("jwt", "bearer")
_SOCIAL = {
    "x-auth-google-token": "google_token",
    "x-auth-facebook-token": "facebook_token",
}
FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")


@dataclass(frozen=True, slots=True)
class Principal:
    """Whoever is asking, and for which account.

    `credential` tells one API token from another; all JWTs of a user, and the password, are one.
    """

    user: UUID
    account: UUID
    role: Role
    email: str
    credential: str


class Authenticator:
    """Turns what came with a request into a principal."""

    def __init__(
        self,
        database: Storage,
        *,
        passwords: Passwords,
        jwt: JwtIssuer,
        clock: Clock,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database = database
        self._passwords = passwords
        self._jwt = jwt
        self._clock = clock
        self._monotonic = monotonic
        self._attempts = Attempts(monotonic)
        self._known: dict[str, tuple[Principal, float]] = {}

    async def principal(self, request: Request) -> Principal:
        """Tell who asks, or raise `Unauthorized` (a dependency of every private route)."""
        tokens, basic = await _credentials(request)
        for token in tokens:
            found = await self.by_token(token)
            if found is not None:
                return found
        if basic is not None:
            address = request.client.host if request.client else "?"
            return await self.by_password(*basic, address=address)
        if any(request.headers.get(h) or request.query_params.get(q) for h, q in _SOCIAL.items()):
            raise Unauthorized(meta="Google and Facebook logins are not switched on here")
        raise Unauthorized

    async def admin(self, request: Request) -> Principal:
        """Tell who asks, if it is an admin; `Forbidden` otherwise."""
        principal = await self.principal(request)
        if principal.role is not Role.ADMIN:
            raise Forbidden
        return principal

    async def by_token(self, token: str) -> Principal | None:
        """Tell whose JWT or opaque token this is."""
        mark = hash_token(token)
        principal, until = self._known.get(mark, (None, 0.0))
        if principal is not None and until > self._monotonic():
            return principal
        self._known.pop(mark, None)
        async with self._database.read() as session:
            principal = await self._look_up(session, token, mark)
        if principal is not None:
            if len(self._known) >= MOST_CACHED:
                self._known.clear()
            self._known[mark] = principal, self._monotonic() + CACHED_S
        return principal

    async def by_password(self, email: str, password: str, *, address: str) -> Principal:
        """Tell whose password this is; too many failures are refused with 429."""
        name = same_email(email)
        self._attempts.check(f"user {name}", f"address {address}")
        async with self._database.read() as session:
            query = _active().add_columns(User.password_hash).where(User.email == name)
            row = (await session.execute(query)).one_or_none()
        if not await self._passwords.check(password, row[4] if row else None) or row is None:
            self._attempts.failed(f"user {name}", f"address {address}")
            raise Unauthorized
        self._attempts.succeeded(f"user {name}")
        return _principal(row, None)

    def forget(self) -> None:
        """Look everyone up anew: a token or a user has changed."""
        self._known.clear()

    async def _look_up(self, session: AsyncSession, token: str, mark: str) -> Principal | None:
        now = self._clock.now()
        is_jwt = token.count(".") == 2  # noqa: PLR2004 - a JWT has three parts
        if is_jwt:
            user = self._jwt.read(token, now)
            if user is None:
                return None
            query = _active().where(User.uuid == user)
        else:
            query = (
                _active()
                .join(Token, Token.user_uuid == User.uuid)
                .where(Token.token_hash == mark)
                .where((Token.expired_on.is_(None)) | (Token.expired_on > now))
            )
        row = (await session.execute(query)).one_or_none()
        return _principal(row, None if is_jwt else mark) if row else None


def _principal(row: Any, mark: str | None) -> Principal:
    return Principal(row[0], row[1], row[2], row[3], mark or f"user {row[0]}")


def _active() -> Select[UUID, UUID, Role, str]:
    return (
        select(User.uuid, User.account_uuid, User.role, User.email)
        .join(Account, Account.uuid == User.account_uuid)
        .where(User.deleted_on.is_(None), Account.deleted_on.is_(None))
    )


async def _credentials(request: Request) -> tuple[list[str], tuple[str, str] | None]:
    headers, query = request.headers, request.query_params
    values = [headers.get(name) for name in _TOKEN_HEADERS]
    basic: tuple[str, str] | None = None
    scheme, _, rest = unquoted(headers.get("authorization", "")).partition(" ")
    if scheme.lower() == "basic":
        basic = _basic(rest.strip())
    elif scheme.lower() == "bearer":
        values.append(rest)
    elif scheme and not rest:
        values.append(scheme)  # `Authorization: <token>`, as the tables of 2020 describe it
    values += [query.get(name) for name in _TOKEN_QUERIES]
    if headers.get("content-type", "").startswith(FORMS):
        request.state.form = form = await request.form()  # the middleware closes its files
        sent = form.get("jwt")
        values.append(sent if isinstance(sent, str) else None)
    return [token for value in values if value and (token := unquoted(value))], basic


def unquoted(value: str) -> str:
    """Strip one pair of quotes: the printed examples send them (spec/11 A2)."""
    value = value.strip()
    if len(value) > 1 and value[0] == value[-1] == '"':
        return value[1:-1]
    return value


def _basic(encoded: str) -> tuple[str, str] | None:
    try:
        text = base64.b64decode(encoded, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return None
    email, colon, password = text.partition(":")
    return (email, password) if colon else None
