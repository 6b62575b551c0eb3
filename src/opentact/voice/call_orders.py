"""What an account orders called, resolved: its profile, the number shown, and the flow to run.

Only numbers that the account holds are shown; foreign numbers that somebody verified are not a
thing here (docs/decisions/0095).
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from opentact.accounts.accounts import Account, get_account
from opentact.accounts.ownership import get_owned
from opentact.kit.faults import BadField, BadRequest
from opentact.kit.ids import new_id
from opentact.numbers.faults import LeaseNotFound
from opentact.numbers.leases import Lease, get_lease

from .apps import SipControlApp, current_flow
from .callflow.document import read
from .facts import ProfileFacts
from .outbound_profiles import OutboundVoiceProfile


@dataclass(frozen=True, slots=True)
class FlowSource:
    """What runs when somebody answers: a document, a URL, or what a control app runs."""

    xml: str | None = None
    url: str | None = None
    app: UUID | None = None

    def check(self) -> None:
        """Read the document, or raise `FlowRefused`."""
        if self.xml is not None:
            read(self.xml.encode())


@dataclass(frozen=True, slots=True, eq=False)
class Terms:
    """What calls of one order have in common. `caller` is shown, without a plus."""

    account: Account
    profile: ProfileFacts
    lease: Lease
    app: SipControlApp
    static: bytes | None
    shows_app: bool

    @property
    def caller(self) -> int:
        """The number that is shown."""
        return self.lease.tn


async def terms_of(
    session: AsyncSession,
    account: UUID,
    profile: UUID,
    shown: UUID | int | None,
    source: FlowSource,
    now: datetime,
) -> Terms:
    """Look everything up; `shown` is a lease or a number, None for the profile's own.

    Raises `NotFound` and `BadRequest` of what is not there, or not the account's.
    """
    found = await get_owned(session, OutboundVoiceProfile, account, profile)
    lease = await _shown(session, account, shown or found.tn_lease_uuid, now)
    app, static = await _flow(session, account, found, source, now)
    return Terms(
        await get_account(session, account),
        ProfileFacts(found, lease.tn),
        lease,
        app,
        static,
        source.app is not None,
    )


async def _shown(
    session: AsyncSession, account: UUID, shown: UUID | int | None, now: datetime
) -> Lease:
    if shown is None:
        raise _bad("tn_lease", "name a number to be shown: tn_lease, from, or the profile's own")
    try:
        lease = await get_lease(session, account, shown)
    except LeaseNotFound:
        if isinstance(shown, UUID):
            raise
        raise _bad("from", "must be a number that the account holds", shown) from None
    if lease.expired_on <= now:
        raise _bad("tn_lease", "the lease has expired: renew it", str(lease.uuid))
    return lease


async def _flow(
    session: AsyncSession,
    account: UUID,
    profile: OutboundVoiceProfile,
    source: FlowSource,
    now: datetime,
) -> tuple[SipControlApp, bytes | None]:
    if source.app is not None:
        app = await get_owned(session, SipControlApp, account, source.app)
        if not app.is_active:
            raise _bad("sip_control_app", "is not active: set is_active", str(app.uuid))
        return app, await current_flow(session, app.uuid)
    # Not stored: a call with a flow of its own runs as if an app had it.
    own = SipControlApp(
        uuid=new_id(),
        account_uuid=account,
        name="",
        tech_prefix=0,
        call_flow_url=source.url,
        outbound_voice_profile_uuid=profile.uuid,
        created_on=now,
        modified_on=now,
    )
    return own, source.xml.encode() if source.xml is not None else None


def _bad(name: str, message: str, value: object = None) -> BadRequest:
    return BadRequest(
        f"Wrong value for: {name} ({message})", fields={f"params.{name}": BadField(message, value)}
    )
