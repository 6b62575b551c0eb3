"""Trunks as calls need them, read from the rows of carriers, connections and switches."""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from .carriers import Carrier
from .connections import SipConnection
from .domains import SipDomain
from .outbound_profiles import USUAL_MEDIA
from .sip.digest import Credentials
from .sip_switches import SipSwitch
from .trunk_callers import Source
from .trunk_ways import (
    FIRST_PRIORITY,
    Route,
    Transport,
    Trunk,
    TrunkCaller,
    TrunkKind,
    TrunkTarget,
)


@dataclass(frozen=True, slots=True)
class Login:
    """Who may log in by digest as a trunk: its password, and who it then is."""

    username: str
    password: str
    caller: TrunkCaller


@dataclass(frozen=True, slots=True)
class Rows:
    """All that the index of trunks is made of."""

    trunks: tuple[Trunk, ...] = ()
    logins: tuple[Login, ...] = ()
    switches: tuple[Source, ...] = ()


async def read_rows(session: AsyncSession) -> Rows:
    """Read every active trunk."""
    carriers = await session.scalars(select(Carrier).where(Carrier.is_active))
    active = SipConnection.is_active
    connections = [*await session.scalars(select(SipConnection).where(active))]
    trunks = [*map(trunk_of_carrier, carriers), *map(trunk_of_connection, connections)]
    return Rows(tuple(trunks), tuple(_logins(connections)), tuple(await _switches(session)))


def trunk_of_carrier(row: Carrier) -> Trunk:
    """Read a carrier."""
    return Trunk(
        TrunkKind.CARRIER,
        row.uuid,
        row.name,
        tuple(TrunkTarget.read(each) for each in row.targets),
        account=row.account_uuid,
        credentials=_credentials(row),
        register=row.register,
        expires=row.expires,
        options_interval=row.options_interval_s,
        keep_identity=True,
        routes=tuple(Route.read(each) for each in row.routes),
        networks=tuple(row.networks),
        caller=TrunkCaller(TrunkKind.CARRIER, row.name, row.uuid),
    )


def trunk_of_connection(row: SipConnection) -> Trunk:
    """Read a connection: its own ip or hostname and port are the first target."""
    return Trunk(
        TrunkKind.CONNECTION,
        row.uuid,
        row.name,
        targets_of(row),
        account=row.account_uuid,
        credentials=_credentials(row),
        register=row.register,
        expires=row.expires,
        options_interval=row.options_interval_s,
        networks=tuple(row.inbound_ips),
        caller=_connection_caller(row),
    )


def targets_of(row: SipConnection) -> tuple[TrunkTarget, ...]:
    """List a connection's targets; a listed one that is the first says more about that."""
    listed = [TrunkTarget.read(each) for each in row.targets]
    host = row.ip or row.hostname or ""
    if any((each.host, each.port) == (host, row.port) for each in listed):
        return tuple(listed)
    return TrunkTarget(host, row.port, Transport(row.transport), FIRST_PRIORITY), *listed


def _connection_caller(row: SipConnection) -> TrunkCaller:
    return TrunkCaller(
        TrunkKind.CONNECTION,
        row.name,
        row.uuid,
        row.account_uuid,
        row.outbound_voice_profile_uuid,
        tech_prefix=row.tech_prefix,
        media=row.class4_ingress_trunk_settings.get("media_type", USUAL_MEDIA),
    )


def _credentials(row: Carrier | SipConnection) -> Credentials | None:
    if not row.username:
        return None
    return Credentials(row.username, row.password or "")


def _logins(rows: Iterable[SipConnection]) -> Iterable[Login]:
    for row in rows:
        if row.inbound_username and row.inbound_password:
            yield Login(row.inbound_username, row.inbound_password, _connection_caller(row))


async def _switches(session: AsyncSession) -> list[Source]:
    with_domain = select(SipSwitch, SipDomain).join(
        SipDomain, SipDomain.uuid == SipSwitch.sip_domain_uuid
    )
    rows = await session.execute(with_domain.where(SipSwitch.is_active))
    return [_switch(switch, domain) for switch, domain in rows]


def _switch(row: SipSwitch, domain: SipDomain) -> Source:
    caller = TrunkCaller(
        TrunkKind.SWITCH,
        row.name,
        row.uuid,
        row.account_uuid,
        domain.outbound_voice_profile_uuid,
        domain=domain.domain,
    )
    return Source(
        caller,
        networks=(row.remote_ip,) if row.remote_ip else (),
        hosts=(row.remote_domain,) if row.remote_domain else (),
    )
