"""SIP products, connections, control apps and outbound voice profiles as the wire spells them.

The object is the 2022 one with all that the 2021 one had (spec/05, spec/12). Ids of a class4
switch are null: there is none here (decision 0036).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar
from uuid import UUID

from typing_extensions import TypedDict

from opentact.accounts.accounts import Account
from opentact.accounts.ownership import Owned
from opentact.accounts.users import User
from opentact.kit.clock import stamp
from opentact.voice.apps import SipControlApp
from opentact.voice.connections import SipConnection
from opentact.voice.domains import SipDomain
from opentact.voice.outbound_profiles import OutboundVoiceProfile
from opentact.voice.products import SipProduct

from .accounts import AccountOut, UserOut, account_short, user_out
from .leases import LeaseOut
from .limits import LimitsOut, limits_out
from .sip_shorts import DomainShort, domain_short

K = TypeVar("K")
V = TypeVar("V")


@dataclass(frozen=True)
class Around:
    """What the objects of an answer point at, loaded: each stands in them in short form.

    `online` holds the users with an open websocket, `leases` the lease objects by uuid,
    `domains` the SIP domains by what they point at.
    """

    account: Account
    users: dict[UUID, User] = field(default_factory=dict)
    online: frozenset[UUID] = frozenset()
    products: dict[int, SipProduct] = field(default_factory=dict)
    profiles: dict[UUID, OutboundVoiceProfile] = field(default_factory=dict)
    leases: dict[UUID, LeaseOut] = field(default_factory=dict)
    domains: Mapping[UUID, Sequence[SipDomain]] = field(default_factory=dict)

    def user(self, uuid: UUID | None) -> UserOut | None:
        """Write the user; None for what the platform did itself."""
        user = _at(self.users, uuid)
        return user_out(user, online=user.uuid in self.online) if user else None

    def domains_at(self, uuid: UUID) -> list[DomainShort]:
        """Write the SIP domains that point at a thing."""
        return [domain_short(domain) for domain in self.domains.get(uuid, ())]


class OwnedOut(TypedDict):
    """What every object of an account shows."""

    created_on: str
    modified_on: str
    uuid: str
    name: str
    account: AccountOut
    created_by: UserOut | None
    modified_by: UserOut | None


class ProductOut(TypedDict):
    """A SIP product."""

    id: int
    name: str
    description: str | None
    type: str
    tech_prefix: int
    rate_table_id: int
    route_plan_id: int
    created_on: str
    modified_on: str


class TrunkSettingsOut(TypedDict):
    """Settings of a trunk that customers may write."""

    media_type: str


class ProfileShort(TypedDict):
    """An outbound voice profile inside another object."""

    created_on: str
    modified_on: str
    uuid: str
    name: str
    is_active: bool
    tech_prefix: int


class EndpointOut(OwnedOut):
    """What connections and control apps have in common."""

    is_active: bool
    tech_prefix: int
    subdomain: str | None
    product: ProductOut | None
    outbound_voice_profile: ProfileShort | None
    sip_domains: list[DomainShort]
    class4_ingress_trunk_id: int | None
    class4_ingress_trunk_settings: TrunkSettingsOut
    class4_ingress_resource_ip_id: int | None
    class4_egress_trunk_id: int | None
    class4_egress_trunk_settings: TrunkSettingsOut
    class4_egress_resource_ip_id: int | None
    class4_tech_prefix_id: int | None
    shaken_verify_policy: int
    shaken_minimum_accepted_attest_lvl: str


class ConnectionOut(EndpointOut):
    """A SIP connection."""

    ip: str | None
    hostname: str | None
    port: int | None


class AppOut(EndpointOut):
    """A SIP control app. Timeouts are milliseconds."""

    auto_answer: bool
    max_call_length_min: int | None
    webhook_url: str | None
    webhook_method: str
    webhook_request_timeout: int | None
    call_flow_url: str | None
    call_flow_method: str
    call_flow_request_timeout: int | None


class OutboundProfileOut(OwnedOut, LimitsOut):
    """An outbound voice profile. `filemat` repeats `file_format` as 2020 spelt it."""

    is_active: bool
    tech_prefix: int
    product: ProductOut | None
    tn_lease: LeaseOut | None
    sip_domains: list[DomainShort]
    class4_ingress_trunk_id: int | None
    class4_ingress_trunk_settings: TrunkSettingsOut
    class4_ingress_resource_ip_id: int | None
    class4_tech_prefix_id: int | None
    record_calls: int
    file_format: str
    filemat: str
    audio_track_type: int
    shaken_sign_policy: int


class CallFlowOut(TypedDict):
    """A static call flow; its text is the payload itself (spec/12)."""

    success: bool
    payload: str
    url: str
    version: int


def product_out(product: SipProduct) -> ProductOut:
    """Write a product."""
    return {
        "id": product.id,
        "name": product.name,
        "description": product.description,
        "type": product.type.value,
        "tech_prefix": product.tech_prefix,
        "rate_table_id": product.rate_table_id,
        "route_plan_id": product.route_plan_id,
        "created_on": stamp(product.created_on),
        "modified_on": stamp(product.modified_on),
    }


def profile_short(profile: OutboundVoiceProfile) -> ProfileShort:
    """Write the form that apps and connections carry."""
    return {
        "created_on": stamp(profile.created_on),
        "modified_on": stamp(profile.modified_on),
        "uuid": str(profile.uuid),
        "name": profile.name,
        "is_active": profile.is_active,
        "tech_prefix": profile.tech_prefix,
    }


def owned_out(thing: Owned, name: str, around: Around) -> OwnedOut:
    """Write what every object shows."""
    return {
        "created_on": stamp(thing.created_on),
        "modified_on": stamp(thing.modified_on),
        "uuid": str(thing.uuid),
        "name": name,
        "account": account_short(around.account),
        "created_by": around.user(thing.created_by),
        "modified_by": around.user(thing.modified_by),
    }


def _at(known: Mapping[K, V], key: K | None) -> V | None:
    return None if key is None else known.get(key)


def _endpoint_out(thing: SipControlApp | SipConnection, around: Around) -> EndpointOut:
    product = _at(around.products, thing.product_id)
    profile = _at(around.profiles, thing.outbound_voice_profile_uuid)
    return {
        **owned_out(thing, thing.name, around),
        "is_active": thing.is_active,
        "tech_prefix": thing.tech_prefix,
        "subdomain": thing.subdomain,
        "product": product_out(product) if product else None,
        "outbound_voice_profile": profile_short(profile) if profile else None,
        "sip_domains": around.domains_at(thing.uuid),
        "class4_ingress_trunk_id": None,
        "class4_ingress_trunk_settings": _settings(thing.class4_ingress_trunk_settings),
        "class4_ingress_resource_ip_id": None,
        "class4_egress_trunk_id": None,
        "class4_egress_trunk_settings": _settings(thing.class4_egress_trunk_settings),
        "class4_egress_resource_ip_id": None,
        "class4_tech_prefix_id": None,
        "shaken_verify_policy": thing.shaken_verify_policy,
        "shaken_minimum_accepted_attest_lvl": thing.shaken_minimum_accepted_attest_lvl,
    }


def _settings(kept: dict[str, Any]) -> TrunkSettingsOut:
    return {"media_type": kept["media_type"]}


def connection_out(connection: SipConnection, around: Around) -> ConnectionOut:
    """Write a connection."""
    return {
        **_endpoint_out(connection, around),
        "ip": connection.ip,
        "hostname": connection.hostname,
        "port": connection.port,
    }


def app_out(app: SipControlApp, around: Around) -> AppOut:
    """Write a control app."""
    return {
        **_endpoint_out(app, around),
        "auto_answer": app.auto_answer,
        "max_call_length_min": app.max_call_length_min,
        "webhook_url": app.webhook_url,
        "webhook_method": app.webhook_method,
        "webhook_request_timeout": app.webhook_request_timeout,
        "call_flow_url": app.call_flow_url,
        "call_flow_method": app.call_flow_method,
        "call_flow_request_timeout": app.call_flow_request_timeout,
    }


def outbound_profile_out(profile: OutboundVoiceProfile, around: Around) -> OutboundProfileOut:
    """Write an outbound voice profile."""
    product = _at(around.products, profile.product_id)
    return {
        **owned_out(profile, profile.name, around),
        "is_active": profile.is_active,
        "tech_prefix": profile.tech_prefix,
        "product": product_out(product) if product else None,
        "tn_lease": _at(around.leases, profile.tn_lease_uuid),
        "sip_domains": around.domains_at(profile.uuid),
        "class4_ingress_trunk_id": None,
        "class4_ingress_trunk_settings": _settings(profile.class4_ingress_trunk_settings),
        "class4_ingress_resource_ip_id": None,
        "class4_tech_prefix_id": None,
        **limits_out(profile),
        "record_calls": profile.record_calls,
        "file_format": profile.file_format,
        "filemat": profile.file_format,
        "audio_track_type": profile.audio_track_type,
        "shaken_sign_policy": profile.shaken_sign_policy,
    }
