"""/rest/sip/domain: SIP domains, by name (spec/05)."""

from typing import Annotated, ClassVar
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import AfterValidator, Field

from opentact.accounts.ownership import list_owned
from opentact.accounts.users import Role
from opentact.kit.faults import BadField, BadRequest, Forbidden, NotFound
from opentact.voice.domains import (
    SipDomain,
    change_domain,
    create_domain,
    domain_by_name,
    full_name,
    remove_domain,
    sound_label,
)
from opentact.voice.edge_lookup import edge_lookup

from .around import owner
from .envelope import Envelope, errors, ok
from .fields import Changes, Line
from .services import Caller, Inject
from .sip_domain_view import find_domain, named, show_domains
from .sip_fields import Columns
from .wire.sip_domains import AuthPayload, DomainOut


def _with_a_label(given: str) -> str:
    sound_label(given.partition(".")[0])
    return given


class DomainFields(Columns):
    """What a domain points at; null is nothing."""

    renamed: ClassVar[dict[str, str]] = {
        "sip_connection": "sip_connection_uuid",
        "sip_control_app": "sip_control_app_uuid",
        "outbound_voice_profile": "outbound_voice_profile_uuid",
    }

    sip_connection: UUID | None = None
    sip_control_app: UUID | None = None
    outbound_voice_profile: UUID | None = None


class DomainNew(DomainFields):
    """A new SIP domain."""

    domain: Annotated[
        Line,
        Field(min_length=1, description="`acme`, or the full name, `acme.sip.localhost`"),
        AfterValidator(_with_a_label),
    ]


class DomainUpdate(DomainFields, Changes):
    """What to point elsewhere."""


router = APIRouter(prefix="/rest/sip", tags=["SIP Domain"])


@router.get(
    "/domain",
    operation_id="ListSIPDomains",
    response_model=Envelope[list[DomainOut]],
    responses=errors(),
)
async def listed(who: Caller, services: Inject) -> Response:
    """List the account's SIP domains, oldest first."""
    async with services.database.read() as session:
        found = await list_owned(session, SipDomain, who.account)
        return ok(await show_domains(session, services, who.account, found))


@router.post(
    "/domain",
    status_code=201,
    operation_id="CreateSIPDomain",
    response_model=Envelope[DomainOut],
    responses=errors(404, 409),
)
async def create(body: DomainNew, who: Caller, services: Inject) -> Response:
    """Create a SIP domain. Its name is nobody else's on the whole platform."""
    links = body.columns()
    given = links.pop("domain")
    try:
        name = full_name(given, services.sip_base)
    except ValueError as error:
        wrong = {"params.domain": BadField(str(error), given)}
        raise BadRequest("Wrong value for: domain", fields=wrong) from None
    async with services.database.write() as session:
        made = await create_domain(session, owner(who), name, links, services.clock.now())
        await services.sip_changes.note(session, made.uuid)
        [out] = await show_domains(session, services, who.account, [made])
    return ok(out, 201)


@router.get(
    "/domain/{domain}",
    operation_id="GetSIPDomainByDomainName",
    response_model=Envelope[DomainOut],
    responses=errors(404),
)
async def one(domain: str, who: Caller, services: Inject) -> Response:
    """Show a SIP domain by its full or short name."""
    async with services.database.read() as session:
        found = await find_domain(session, services, who.account, domain)
        [out] = await show_domains(session, services, who.account, [found])
        return ok(out)


@router.patch(
    "/domain/{domain}",
    operation_id="ModifySIPDomainByDomainName",
    response_model=Envelope[DomainOut],
    responses=errors(404),
)
async def modify(domain: str, body: DomainUpdate, who: Caller, services: Inject) -> Response:
    """Point a SIP domain elsewhere; what is left out stays."""
    links = body.columns(only_set=True)
    async with services.database.write() as session:
        found = await find_domain(session, services, who.account, domain, to_change=True)
        await change_domain(session, owner(who), found, links, services.clock.now())
        await services.sip_changes.note(session, found.uuid)
        [out] = await show_domains(session, services, who.account, [found])
    return ok(out)


@router.delete(
    "/domain/{domain}",
    operation_id="RemoveSIPDomainByDomainName",
    response_model=Envelope[DomainOut],
    responses=errors(404, 409),
)
async def remove(domain: str, who: Caller, services: Inject) -> Response:
    """Remove a SIP domain that has no users; its switches and invites go with it."""
    async with services.database.write() as session:
        found = await find_domain(session, services, who.account, domain, to_change=True)
        [out] = await show_domains(session, services, who.account, [found])
        await remove_domain(session, found)
        await services.sip_changes.note(session, found.uuid)
    return ok(out)


@router.get(
    "/tech_prefix/{tn}/{domain}",
    operation_id="GetTechPrefixRoute",
    response_model=Envelope[AuthPayload],
    responses=errors(404),
)
async def tech_prefix(tn: str, domain: str, who: Caller, services: Inject) -> Response:
    """Tell a SIP edge who calls from a domain as a number, and by which tech prefix. Operator only.

    `tn` is the number of a SIP user's lease, or a user's login; any other is the domain's own.
    """
    if who.role not in {Role.PROVIDER, Role.ADMIN}:
        raise Forbidden
    async with services.database.read() as session:
        found = await domain_by_name(session, named(domain))
        known = await edge_lookup(session, found, named(tn)) if found else None
    if known is None:
        raise NotFound("No SIP domain of this name has a tech prefix to call by")
    return ok(known._asdict())
