"""SIP domains, and the switches and invites in them, as the wire spells them (spec/05, spec/12)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from typing_extensions import TypedDict

from opentact.kit.clock import stamp
from opentact.numbers.targets import Short
from opentact.voice.domains import SipDomain
from opentact.voice.sip_invites import SipInvite
from opentact.voice.sip_switches import SipSwitch
from opentact.voice.sip_users import SipUser

from .accounts import AccountOut, UserOut, account_short
from .leases import short_out
from .sip import Around, ProfileShort, profile_short
from .sip_shorts import DomainShort, domain_short
from .sip_users import Online, SipUserShort, sip_user_short


class _Inside(TypedDict):
    """What everything in a domain shows."""

    created_on: str
    modified_on: str
    uuid: str
    sip_domain: DomainShort
    account: AccountOut
    created_by: UserOut | None
    modified_by: UserOut | None


class SwitchShort(TypedDict):
    """A switch inside a domain."""

    uuid: str
    name: str
    description: str | None
    remote_ip: str | None
    remote_domain: str | None
    is_active: bool
    created_on: str
    modified_on: str


class SwitchOut(_Inside):
    """A switch."""

    name: str
    description: str | None
    remote_ip: str | None
    remote_domain: str | None
    is_active: bool


class InviteShort(TypedDict):
    """An invite inside a domain, without its token."""

    uuid: str
    name: str
    expired_on: str
    created_on: str
    modified_on: str


class InviteOut(_Inside):
    """An invite with the token that makes users."""

    name: str
    expired_on: str
    token: str


class DomainOut(TypedDict):
    """A SIP domain. Of its users, invites and switches the first hundred of each are listed."""

    created_on: str
    modified_on: str
    domain: str
    account: AccountOut
    sip_connection: dict[str, Any] | None
    sip_control_app: dict[str, Any] | None
    outbound_voice_profile: ProfileShort | None
    sip_users: list[SipUserShort]
    sip_users_total: int
    sip_user_invites: list[InviteShort]
    sip_switches: list[SwitchShort]
    created_by: UserOut | None
    modified_by: UserOut | None


class AuthPayload(TypedDict):
    """What a SIP edge needs to let a caller of a domain in (spec/12, ISIPAuthPayload)."""

    uuid: str
    sip_domain: str
    tech_prefix: str
    same_domain_calls_only: bool
    login: str | None
    ha1: str | None
    ha1b: str | None
    remote_ip: str | None
    remote_domain: str | None


@dataclass(frozen=True)
class Inside:
    """What is in some domains, by the domain's uuid: the first of each kind, and all counted."""

    users: Mapping[UUID, Sequence[SipUser]] = field(default_factory=dict)
    totals: Mapping[UUID, int] = field(default_factory=dict)
    invites: Mapping[UUID, Sequence[SipInvite]] = field(default_factory=dict)
    switches: Mapping[UUID, Sequence[SipSwitch]] = field(default_factory=dict)
    connections: Mapping[UUID, Short] = field(default_factory=dict)
    apps: Mapping[UUID, Short] = field(default_factory=dict)


def _inside(thing: SipSwitch | SipInvite, domain: SipDomain, around: Around) -> _Inside:
    return {
        "created_on": stamp(thing.created_on),
        "modified_on": stamp(thing.modified_on),
        "uuid": str(thing.uuid),
        "sip_domain": domain_short(domain),
        "account": account_short(around.account),
        "created_by": around.user(thing.created_by),
        "modified_by": around.user(thing.modified_by),
    }


def switch_short(switch: SipSwitch) -> SwitchShort:
    """Write the form that domains carry."""
    return {
        "uuid": str(switch.uuid),
        "name": switch.name,
        "description": switch.description,
        "remote_ip": switch.remote_ip,
        "remote_domain": switch.remote_domain,
        "is_active": switch.is_active,
        "created_on": stamp(switch.created_on),
        "modified_on": stamp(switch.modified_on),
    }


def switch_out(switch: SipSwitch, domain: SipDomain, around: Around) -> SwitchOut:
    """Write a switch."""
    return {
        **_inside(switch, domain, around),
        "name": switch.name,
        "description": switch.description,
        "remote_ip": switch.remote_ip,
        "remote_domain": switch.remote_domain,
        "is_active": switch.is_active,
    }


def invite_out(invite: SipInvite, domain: SipDomain, around: Around) -> InviteOut:
    """Write an invite."""
    return {
        **_inside(invite, domain, around),
        "name": invite.name,
        "expired_on": stamp(invite.expired_on),
        "token": invite.token,
    }


def domain_out(domain: SipDomain, around: Around, inside: Inside, online: Online) -> DomainOut:
    """Write a domain."""
    here, profile = domain.uuid, domain.outbound_voice_profile_uuid
    known = around.profiles.get(profile) if profile else None
    return {
        "created_on": stamp(domain.created_on),
        "modified_on": stamp(domain.modified_on),
        "domain": domain.domain,
        "account": account_short(around.account),
        "sip_connection": _short(inside.connections, domain.sip_connection_uuid),
        "sip_control_app": _short(inside.apps, domain.sip_control_app_uuid),
        "outbound_voice_profile": profile_short(known) if known else None,
        "sip_users": [sip_user_short(user, online) for user in inside.users.get(here, ())],
        "sip_users_total": inside.totals.get(here, 0),
        "sip_user_invites": [_invite_short(one) for one in inside.invites.get(here, ())],
        "sip_switches": [switch_short(one) for one in inside.switches.get(here, ())],
        "created_by": around.user(domain.created_by),
        "modified_by": around.user(domain.modified_by),
    }


def _short(known: Mapping[UUID, Short], uuid: UUID | None) -> dict[str, Any] | None:
    return short_out(known.get(uuid)) if uuid else None


def _invite_short(invite: SipInvite) -> InviteShort:
    return {
        "uuid": str(invite.uuid),
        "name": invite.name,
        "expired_on": stamp(invite.expired_on),
        "created_on": stamp(invite.created_on),
        "modified_on": stamp(invite.modified_on),
    }
