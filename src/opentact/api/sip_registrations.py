"""/rest/sip/registration: where the account's SIP users can be reached now."""

from typing import Any, Literal
from uuid import UUID

from fastapi import APIRouter, Request, Response
from sqlalchemy import select

from opentact.voice.bindings import SipBinding
from opentact.voice.domains import SipDomain
from opentact.voice.sip_users import SipUser

from .auth import Principal
from .envelope import Envelope, errors, ok
from .search import Found, SearchSpec, count, documented, equal, mask, read_search
from .services import Caller, Inject, Services
from .wire.registrations import RegistrationOut, registration_out

router = APIRouter(prefix="/rest/sip", tags=["SIP User"])

REGISTRATIONS = SearchSpec(
    "RegistrationSearch",
    filters={
        "login": mask(SipUser.login),
        "sip_domain": mask(SipDomain.domain),
        "sip_user": equal(SipBinding.user_uuid, UUID),
        "contact": mask(SipBinding.contact),
        "remote_ip": mask(SipBinding.host),
        "transport": equal(SipBinding.transport, Literal["udp", "tcp", "tls", "ws", "wss"]),
        "user_agent": mask(SipBinding.agent),
    },
    order={
        "login": SipUser.login,
        "sip_domain": SipDomain.domain,
        "created_on": SipBinding.since,
        "expired_on": SipBinding.expires_on,
    },
    tie=SipBinding.key,
)


async def _search(request: Request, who: Principal, services: Services) -> Response:
    asked = await read_search(request, REGISTRATIONS)
    statement = asked.narrow(_held(who.account, services))
    async with services.database.read() as session:
        total = await count(session, statement)
        rows = (await session.execute(asked.page(statement))).all()
    data = [registration_out(row[0], row[1], row[2]) for row in rows]
    return ok(asked.answer(total, data))


def _held(account: UUID, services: Services) -> Any:
    return (
        select(SipBinding, SipUser, SipDomain)
        .join(SipUser, SipUser.uuid == SipBinding.user_uuid)
        .join(SipDomain, SipDomain.uuid == SipUser.sip_domain_uuid)
        .where(SipUser.account_uuid == account, SipBinding.expires_on > services.clock.now())
    )


@router.get(
    "/registration",
    operation_id="GetRegistrations",
    response_model=Envelope[Found[RegistrationOut]],
    responses=errors(),
    openapi_extra={"parameters": documented(REGISTRATIONS)["parameters"]},
)
async def registrations(request: Request, who: Caller, services: Inject) -> Response:
    """List where SIP users are registered from, the newest registration first."""
    return await _search(request, who, services)


@router.post(
    "/registration/search",
    operation_id="SearchRegistrations",
    response_model=Envelope[Found[RegistrationOut]],
    responses=errors(),
    openapi_extra=documented(REGISTRATIONS),
)
async def search(request: Request, who: Caller, services: Inject) -> Response:
    """Search where SIP users are registered from."""
    return await _search(request, who, services)
