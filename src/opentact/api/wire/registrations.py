"""Registrations of SIP users as the wire spells them."""

from datetime import datetime
from typing import Any
from uuid import UUID

from typing_extensions import TypedDict

from opentact.events.log import Draft
from opentact.kit.clock import stamp
from opentact.voice.binding_book import UserStateChanged
from opentact.voice.bindings import SipBinding
from opentact.voice.domains import SipDomain
from opentact.voice.sip_users import SipUser

from .events import frame, render
from .sip_shorts import DomainShort, domain_short
from .sip_users import SipUserShort, sip_user_short


class RegistrationOut(TypedDict):
    """A place where a SIP user can be reached until `expired_on`."""

    sip_user: SipUserShort
    sip_domain: DomainShort
    contact: str
    remote_ip: str
    remote_port: int
    transport: str
    path: list[str]
    instance: str | None
    reg_id: int | None
    q: float
    user_agent: str
    created_on: str
    expired_on: str


def registration_out(binding: SipBinding, user: SipUser, domain: SipDomain) -> RegistrationOut:
    """Write a binding that holds."""
    return {
        "sip_user": sip_user_short(user, lambda _: True),
        "sip_domain": domain_short(domain),
        "contact": binding.contact,
        "remote_ip": binding.host,
        "remote_port": binding.port,
        "transport": binding.transport,
        "path": binding.path,
        "instance": binding.instance,
        "reg_id": binding.reg_id,
        "q": binding.weight / 1000,
        "user_agent": binding.agent,
        "created_on": stamp(binding.since),
        "expired_on": stamp(binding.expires_on),
    }


@render.register
def _(happened: UserStateChanged, uuid: UUID, at: datetime) -> Draft:
    user, domain = happened.user, happened.domain
    state = "online" if happened.online else "offline"
    payload: dict[str, Any] = {
        "state": state,
        "sip_user": sip_user_short(user, lambda _: happened.online),
        "sip_domain": domain_short(domain),
    }
    message = f"{user.login}@{domain.domain} is {state}"
    return frame("sip_user_state", uuid, at, message, payload, happened.account, ref_id=user.uuid)
