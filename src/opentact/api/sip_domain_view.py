"""Loading what SIP domains and their users show, in a few queries however many there are."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from opentact.numbers.targets import Target, shorts
from opentact.voice.domains import SipDomain, full_name, get_domain
from opentact.voice.sip_groups import groups_of
from opentact.voice.sip_invites import SipInvite
from opentact.voice.sip_switches import SipSwitch
from opentact.voice.sip_users import SipUser

from .around import load_around
from .fields import sound
from .lease_links import leases_by_uuid
from .services import Services
from .wire.sip_domains import DomainOut, Inside, domain_out
from .wire.sip_users import AppUserOut, SipUserOut, app_user_out, sip_user_out

LISTED = 100  # of each kind, in a domain; each kind has a route that lists all
T = TypeVar("T", SipUser, SipSwitch, SipInvite)


def named(text: str) -> str:
    """Let pass what could be stored, for looking it up: nothing else is anybody's name."""
    try:
        return sound(text)
    except ValueError:
        return ""


async def find_domain(
    session: AsyncSession, services: Services, account: UUID, name: str, *, to_change: bool = False
) -> SipDomain:
    """Load the account's domain by its full or short name, or `NotFound`."""
    stored = named(name)
    try:
        stored = full_name(stored, services.sip_base)
    except ValueError:
        stored = stored.lower()  # made under another base, or nobody's
    return await get_domain(session, account, stored, to_change=to_change)


async def show_domains(
    session: AsyncSession, services: Services, account: UUID, domains: Sequence[SipDomain]
) -> list[DomainOut]:
    """Write domains of one account."""
    around = await load_around(session, services, account, domains)
    uuids = [domain.uuid for domain in domains]
    users, totals = await _first(session, SipUser, uuids)
    inside = Inside(
        users=users,
        totals=totals,
        invites=(await _first(session, SipInvite, uuids))[0],
        switches=(await _first(session, SipSwitch, uuids))[0],
        connections=await shorts(
            session, Target.CONNECTION, (domain.sip_connection_uuid for domain in domains)
        ),
        apps=await shorts(session, Target.APP, (domain.sip_control_app_uuid for domain in domains)),
    )
    return [domain_out(domain, around, inside, services.sip_online) for domain in domains]


async def show_users(
    session: AsyncSession, services: Services, domain: SipDomain, users: Sequence[SipUser]
) -> list[SipUserOut]:
    """Write users of one domain."""
    account = domain.account_uuid
    leases = await leases_by_uuid(
        session, services, account, (user.tn_lease_uuid for user in users)
    )
    around = replace(await load_around(session, services, account, users), leases=leases)
    groups = await groups_of(session, [user.uuid for user in users])
    return [
        sip_user_out(user, domain, around, groups.get(user.uuid, ()), services.sip_online)
        for user in users
    ]


async def show_app_users(
    session: AsyncSession, services: Services, domain: SipDomain, users: Sequence[SipUser]
) -> list[AppUserOut]:
    """Write users of one domain for one of them."""
    groups = await groups_of(session, [user.uuid for user in users])
    return [
        app_user_out(user, domain, groups.get(user.uuid, ()), services.sip_online) for user in users
    ]


async def _first(
    session: AsyncSession, kind: type[T], domains: Sequence[UUID]
) -> tuple[dict[UUID, list[T]], dict[UUID, int]]:
    """Load the oldest of a kind in each domain, and count them all."""
    if not domains:
        return {}, {}
    order = (kind.created_on, kind.uuid)
    place = func.row_number().over(partition_by=kind.sip_domain_uuid, order_by=order)
    total = func.count().over(partition_by=kind.sip_domain_uuid)
    ranked = (
        select(kind, place.label("place"), total.label("total"))
        .where(kind.sip_domain_uuid.in_(domains))
        .subquery()
    )
    one: Any = aliased(kind, ranked)
    query = select(one, ranked.c.total).where(ranked.c.place <= LISTED).order_by(ranked.c.place)
    found, totals = defaultdict[UUID, list[T]](list), dict[UUID, int]()
    for thing, count in await session.execute(query):
        found[thing.sip_domain_uuid].append(thing)
        totals[thing.sip_domain_uuid] = count
    return found, totals
