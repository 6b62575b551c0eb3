"""What routing knows of a domain, its users and its profile: values, read by the directory."""

from dataclasses import dataclass
from uuid import UUID

from opentact.accounts.accounts import Account

from .apps import SipControlApp
from .outbound_profiles import OutboundVoiceProfile

BYPASS_MEDIA = "Bypass Media"


def bypasses(settings: dict[str, object] | None) -> bool:
    """Tell whether trunk settings want media to pass us by (spec/12, media_type)."""
    return bool(settings) and (settings or {}).get("media_type") == BYPASS_MEDIA


@dataclass(frozen=True, slots=True, eq=False)
class ProfileFacts:
    """An outbound voice profile with the number it shows, None while it has none."""

    profile: OutboundVoiceProfile
    caller_id: int | None

    @property
    def bypasses_media(self) -> bool:
        return bypasses(self.profile.class4_ingress_trunk_settings)


@dataclass(frozen=True, slots=True, eq=False)
class AppFacts:
    """A control app with its static flow."""

    app: SipControlApp
    static: bytes | None


@dataclass(frozen=True, slots=True, eq=False)
class ConnectionFacts:
    """A SIP connection that calls may be delivered to. `profile` is its outbound voice profile."""

    uuid: UUID
    name: str
    is_active: bool
    bypasses_media: bool
    profile: UUID | None = None


@dataclass(frozen=True, slots=True, eq=False)
class DomainFacts:
    """A SIP domain with what it is linked to."""

    uuid: UUID
    name: str
    account: Account
    app: AppFacts | None = None
    connection: ConnectionFacts | None = None
    profile: ProfileFacts | None = None

    @property
    def bypasses_media(self) -> bool:
        """Whether calls among its users pass their media by, as its profile or connection says."""
        linked = self.profile or self.connection
        return linked is not None and linked.bypasses_media


@dataclass(frozen=True, slots=True)
class UserFacts:
    """A SIP user. `number` is that of the lease it owns, if it owns one."""

    uuid: UUID
    login: str
    domain: UUID
    is_active: bool = True
    same_domain_calls_only: bool = False
    number: int | None = None
    name: str = ""
