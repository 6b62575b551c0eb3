"""Which SIP user is asking: HA1B, or Basic with `login@domain` (spec/01, spec/12).

HA1B is md5("<login>@<domain>:<domain>:<password>"); whoever has it is the user. A guess costs
little to check, so guesses are few: by address, and for Basic by login as well.
"""

import base64
import binascii
import hmac
from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request
from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from opentact.accounts.accounts import Account
from opentact.kit.faults import Unauthorized
from opentact.voice.domains import SipDomain
from opentact.voice.sip_users import SipUser, digests

from .auth import FORMS, unquoted
from .services import services_of, within_rate
from .sip_domain_view import named


@dataclass(frozen=True, slots=True)
class SipPrincipal:
    """The SIP user that asks."""

    user: UUID
    domain: UUID
    account: UUID


async def _sip_user(request: Request) -> SipPrincipal:
    """Tell which SIP user asks, or raise `Unauthorized`."""
    services = await services_of(request)
    address = f"address {request.client.host if request.client else '?'}"
    ha1b, basic = await _ha1b(request), _basic(request)
    names = [address] + ([f"sip {basic[0].lower()}"] if basic and not ha1b else [])
    services.sip_attempts.check(*names)
    async with services.database.read() as session:
        found = await _by_ha1b(session, ha1b) if ha1b else None
        if found is None and basic is not None:
            found = await _by_password(session, *basic)
    if found is None:
        if ha1b or basic:
            services.sip_attempts.failed(*names)
        raise Unauthorized(meta="SIP users log in by X-Auth-HA1B-Token, or Basic login@domain")
    for name in names[1:]:
        services.sip_attempts.succeeded(name)
    within_rate(request, services, f"sip {found.user}")
    return found


SipCaller = Annotated[SipPrincipal, Depends(_sip_user)]


def _active() -> Select[UUID, UUID, UUID, str]:
    return (
        select(SipUser.uuid, SipUser.sip_domain_uuid, SipUser.account_uuid, SipUser.ha1b)
        .join(SipDomain, SipDomain.uuid == SipUser.sip_domain_uuid)
        .join(Account, Account.uuid == SipUser.account_uuid)
        .where(SipUser.is_active, Account.deleted_on.is_(None))
    )


async def _by_ha1b(session: AsyncSession, ha1b: str) -> SipPrincipal | None:
    row = (await session.execute(_active().where(SipUser.ha1b == named(ha1b)))).one_or_none()
    return SipPrincipal(*row[:3]) if row else None


async def _by_password(session: AsyncSession, name: str, password: str) -> SipPrincipal | None:
    login, _, domain = named(name).rpartition("@")
    domain = domain.lower()
    here = (SipDomain.domain == domain, SipUser.login_key == login.lower())
    query = _active().add_columns(SipUser.login).where(*here)
    row = (await session.execute(query)).one_or_none()
    # Worked out for nobody too, so that the answer takes as long.
    given = digests(row.login if row else login, domain, password).md5_full or ""
    if row is None or not hmac.compare_digest(given, row.ha1b):
        return None
    return SipPrincipal(*row[:3])


async def _ha1b(request: Request) -> str | None:
    value = request.headers.get("x-auth-ha1b-token") or request.query_params.get("ha1b")
    if not value and request.headers.get("content-type", "").startswith(FORMS):
        request.state.form = form = await request.form()  # the middleware closes its files
        sent = form.get("ha1b")
        value = sent if isinstance(sent, str) else None
    return unquoted(value or "").lower() or None


def _basic(request: Request) -> tuple[str, str] | None:
    scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        text = base64.b64decode(encoded.strip(), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return None
    name, colon, password = text.partition(":")
    return (name, password) if colon else None
