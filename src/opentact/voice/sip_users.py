"""SIP users: who registers at a domain and calls from it (spec/05).

A password is never kept. What is kept are the digests that stand for it when a phone logs in
(RFC 7616) and when a program does (HA1B, spec/01); they are as good as the password itself, so
no answer to a customer shows them.
"""

from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, UniqueConstraint, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from opentact.accounts.ownership import Owned
from opentact.accounts.users import Gender
from opentact.kit.entities import Base
from opentact.kit.faults import BadField, BadRequest, Conflict, NotFound

from .domains import SipDomain
from .sip.digest import Ha1s, ha1

LEAST_PASSWORD, MOST_PASSWORD = 8, 128
LEAST_DIGITS = 16  # a shorter password of digits alone is found in minutes from one digest
LEAST_DIFFERENT = 5
MOST_LOGIN = 128
# They end a login where it is written down: in a digest, in Basic, in a URI and in a header.
_NOT_IN_LOGIN = frozenset(':"<>\\')
_COMMON = frozenset({"password", "passw0rd", "qwertyui", "letmein1", "asterisk", "freepbx1"})


class LoginExists(Conflict):
    """The domain has a SIP user of this login already; upper and lower case count as the same."""

    code = "login_exists"


class SipUser(Owned, Base):
    """A user of a domain. `ha1b` and `ha1b_sha256` are of the login `<login>@<domain>`.

    `login_key` is the login in lower case. `tn_lease_uuid` is the number shown as caller, whose
    calls ring the user. `same_domain_calls_only` keeps calls within the domain.
    """

    __tablename__ = "sip_user"
    __table_args__ = (UniqueConstraint("sip_domain_uuid", "login_key"),)
    called = "SIP user"

    sip_domain_uuid: Mapped[UUID] = mapped_column(ForeignKey("sip_domain.uuid"))
    login: Mapped[str]
    login_key: Mapped[str]
    ha1: Mapped[str] = mapped_column(repr=False)
    ha1b: Mapped[str] = mapped_column(repr=False, index=True)
    ha1_sha256: Mapped[str] = mapped_column(repr=False)
    ha1b_sha256: Mapped[str] = mapped_column(repr=False)
    is_active: Mapped[bool] = mapped_column(default=True)
    same_domain_calls_only: Mapped[bool] = mapped_column(default=False)
    tn_lease_uuid: Mapped[UUID | None] = mapped_column(index=True, default=None)
    first_name: Mapped[str | None] = mapped_column(default=None)
    last_name: Mapped[str | None] = mapped_column(default=None)
    email: Mapped[str | None] = mapped_column(default=None)
    phone_number: Mapped[str | None] = mapped_column(default=None)
    avatar: Mapped[str | None] = mapped_column(default=None)
    dob: Mapped[date | None] = mapped_column(default=None)
    gender: Mapped[Gender | None] = mapped_column(default=None)

    @property
    def ha1s(self) -> Ha1s:
        """What a login of this user is checked against."""
        return Ha1s(self.ha1, self.ha1_sha256, self.ha1b, self.ha1b_sha256)


def sound_login(login: str) -> str:
    """Check a login; ValueError says what is wrong with it."""
    if not 1 <= len(login) <= MOST_LOGIN:
        raise ValueError(f"expected 1 to {MOST_LOGIN} characters")
    if any(c in _NOT_IN_LOGIN or c.isspace() or not c.isprintable() for c in login):
        raise ValueError('must be without spaces, control characters and the characters : " < > \\')
    return login


def weakness(password: str, login: str) -> str | None:
    """Say why a password is too easy for `login`, if it is.

    Guessing SIP passwords is what toll fraud begins with (field notes, security list).
    """
    folded = password.lower()
    if not LEAST_PASSWORD <= len(password) <= MOST_PASSWORD:
        return f"expected {LEAST_PASSWORD} to {MOST_PASSWORD} characters"
    if password.isdigit() and len(password) < LEAST_DIGITS:
        return f"too easy: of digits alone it needs {LEAST_DIGITS} or more"
    if len(set(folded)) < LEAST_DIFFERENT:
        return f"too easy: it needs {LEAST_DIFFERENT} different characters or more"
    if folded.rstrip("0123456789!") in _COMMON or folded in _COMMON:
        return "too easy: it is one of those tried first"
    if folded == login.lower() or folded == login.lower()[::-1]:
        return "too easy: it is the login"
    return None


def digests(login: str, domain: str, password: str) -> Ha1s:
    """Work out what stands for a password at a domain."""
    full = f"{login}@{domain}"
    return Ha1s(
        md5=ha1(login, domain, password),
        sha256=ha1(login, domain, password, "SHA-256"),
        md5_full=ha1(full, domain, password),
        sha256_full=ha1(full, domain, password, "SHA-256"),
    )


async def create_user(
    session: AsyncSession,
    domain: SipDomain,
    values: Mapping[str, Any],
    made: Mapping[str, Any],
) -> SipUser:
    """Add a user with the `login` and `password` of `values`, or `LoginExists`.

    `made` are the columns that say whose it is and when it was made.
    """
    given = dict(values)
    password = given.pop("password")
    _check_password(password, given["login"])
    user = SipUser(
        **given,
        sip_domain_uuid=domain.uuid,
        login_key=given["login"].lower(),
        **_columns(digests(given["login"], domain.domain, password)),
        **made,
    )
    try:
        async with session.begin_nested():
            session.add(user)
            await session.flush()
    except IntegrityError:
        raise _taken(given["login"], domain) from None
    return user


async def change_user(
    session: AsyncSession, domain: SipDomain, user: SipUser, values: Mapping[str, Any]
) -> None:
    """Change what `values` names, or `LoginExists`.

    Another login needs the password as well: the digests hold both.
    """
    given = dict(values)
    password, login = given.pop("password", None), given.get("login", user.login)
    if password is not None:
        _check_password(password, login)
        given |= _columns(digests(login, domain.domain, password))
    elif login != user.login:
        missing = BadField("needed with another login: they are hashed together")
        raise BadRequest(
            "Another login needs the password too", fields={"params.password": missing}
        )
    given["login_key"] = login.lower()
    try:
        async with session.begin_nested():
            for name, value in given.items():
                setattr(user, name, value)
            await session.flush()
    except IntegrityError:
        raise _taken(login, domain) from None


async def remove_user(session: AsyncSession, user: SipUser) -> None:
    """Remove a user, and the groups it made with it."""
    await session.delete(user)
    await session.flush()


async def get_user(
    session: AsyncSession, domain: UUID, uuid: UUID, *, to_change: bool = False
) -> SipUser:
    """Load a user of the domain, or `NotFound`."""
    query = select(SipUser).where(SipUser.uuid == uuid, SipUser.sip_domain_uuid == domain)
    found = await session.scalar(query.with_for_update() if to_change else query)
    if found is None:
        raise NotFound("SIP user not found")
    return found


async def users_in(
    session: AsyncSession, domain: UUID, *, take: int | None = None, skip: int = 0
) -> list[SipUser]:
    """List the domain's users, oldest first."""
    query = select(SipUser).where(SipUser.sip_domain_uuid == domain)
    query = query.order_by(SipUser.created_on, SipUser.uuid).limit(take).offset(skip)
    return list(await session.scalars(query))


async def user_by_login(session: AsyncSession, domain: UUID, login: str) -> SipUser | None:
    """Find the user that a phone or a caller names; case does not count."""
    query = select(SipUser).where(
        SipUser.sip_domain_uuid == domain, SipUser.login_key == login.lower()
    )
    return await session.scalar(query)


def _check_password(password: str, login: str) -> None:
    why = weakness(password, login)
    if why is not None:
        raise BadRequest(f"The password is {why}", fields={"params.password": BadField(why)})


def _columns(made: Ha1s) -> dict[str, Any]:
    return {
        "ha1": made.md5,
        "ha1b": made.md5_full,
        "ha1_sha256": made.sha256,
        "ha1b_sha256": made.sha256_full,
    }


def _taken(login: str, domain: SipDomain) -> LoginExists:
    return LoginExists(
        f"{domain.domain} has a SIP user {login} already",
        fields={"params.login": BadField("taken", login)},
    )
