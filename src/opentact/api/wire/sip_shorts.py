"""SIP domains inside other objects, as the wire spells them (spec/05)."""

from typing_extensions import TypedDict

from opentact.kit.clock import stamp
from opentact.voice.domains import SipDomain


class DomainShort(TypedDict):
    """A SIP domain inside another object."""

    domain: str
    created_on: str
    modified_on: str


def domain_short(domain: SipDomain) -> DomainShort:
    """Write the form that other objects carry."""
    return {
        "domain": domain.domain,
        "created_on": stamp(domain.created_on),
        "modified_on": stamp(domain.modified_on),
    }
