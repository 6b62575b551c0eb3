"""SIP users and their groups as the wire spells them (spec/05, spec/12).

Nothing that stands for a password is written.
"""

from collections.abc import Callable, Sequence
from uuid import UUID

from typing_extensions import TypedDict

from opentact.kit.clock import stamp
from opentact.voice.domains import SipDomain
from opentact.voice.sip_groups import SipGroup
from opentact.voice.sip_users import SipUser

from .accounts import AccountOut, UserOut, account_short
from .leases import LeaseOut
from .sip import Around
from .sip_shorts import DomainShort, domain_short

Online = Callable[[UUID], bool]


class SipUserShort(TypedDict):
    """A SIP user inside another object."""

    uuid: str
    login: str
    first_name: str | None
    last_name: str | None
    is_active: bool
    state: str
    created_on: str
    modified_on: str


class GroupShort(TypedDict):
    """A group inside a user."""

    uuid: str
    name: str
    created_on: str
    modified_on: str


class GroupOut(GroupShort):
    """A group with who made it and who is in it."""

    owner: SipUserShort
    users: list[SipUserShort]


class AppUserOut(TypedDict):
    """A SIP user as its own application sees it: without the account it belongs to.

    `state` is `online` while one of the user's phones is registered.
    """

    created_on: str
    modified_on: str
    uuid: str
    sip_domain: DomainShort
    login: str
    state: str
    is_active: bool
    same_domain_calls_only: bool
    first_name: str | None
    last_name: str | None
    email: str | None
    phone_number: str | None
    avatar: str | None
    dob: str | None
    gender: str | None
    groups: list[GroupShort]


class SipUserOut(AppUserOut):
    """A SIP user."""

    account: AccountOut
    created_by: UserOut | None
    modified_by: UserOut | None
    tn_lease: LeaseOut | None


def state(user: SipUser, online: Online) -> str:
    """Say whether a phone of the user is registered."""
    return "online" if online(user.uuid) else "offline"


def sip_user_short(user: SipUser, online: Online) -> SipUserShort:
    """Write the form that domains and groups carry."""
    return {
        "uuid": str(user.uuid),
        "login": user.login,
        "first_name": user.first_name,
        "last_name": user.last_name,
        "is_active": user.is_active,
        "state": state(user, online),
        "created_on": stamp(user.created_on),
        "modified_on": stamp(user.modified_on),
    }


def group_short(group: SipGroup) -> GroupShort:
    """Write the form that users carry."""
    return {
        "uuid": str(group.uuid),
        "name": group.name,
        "created_on": stamp(group.created_on),
        "modified_on": stamp(group.modified_on),
    }


def group_out(
    group: SipGroup, owner: SipUser, members: Sequence[SipUser], online: Online
) -> GroupOut:
    """Write a group."""
    return {
        **group_short(group),
        "owner": sip_user_short(owner, online),
        "users": [sip_user_short(member, online) for member in members],
    }


def app_user_out(
    user: SipUser, domain: SipDomain, groups: Sequence[SipGroup], online: Online
) -> AppUserOut:
    """Write a SIP user for itself and for others of its domain."""
    return {
        "created_on": stamp(user.created_on),
        "modified_on": stamp(user.modified_on),
        "uuid": str(user.uuid),
        "sip_domain": domain_short(domain),
        "login": user.login,
        "state": state(user, online),
        "is_active": user.is_active,
        "same_domain_calls_only": user.same_domain_calls_only,
        "first_name": user.first_name,
        "last_name": user.last_name,
        "email": user.email,
        "phone_number": user.phone_number,
        "avatar": user.avatar,
        "dob": user.dob.isoformat() if user.dob else None,
        "gender": user.gender.value if user.gender else None,
        "groups": [group_short(group) for group in groups],
    }


def sip_user_out(
    user: SipUser,
    domain: SipDomain,
    around: Around,
    groups: Sequence[SipGroup],
    online: Online,
) -> SipUserOut:
    """Write a SIP user for its account."""
    lease = user.tn_lease_uuid
    return {
        **app_user_out(user, domain, groups, online),
        "account": account_short(around.account),
        "created_by": around.user(user.created_by),
        "modified_by": around.user(user.modified_by),
        "tn_lease": around.leases.get(lease) if lease else None,
    }
