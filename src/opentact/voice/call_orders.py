"""What an account orders called, resolved: its profile, the number shown, and the flow to run.

Only numbers that the account holds, or has verified (docs/decisions/0108), are shown.
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
from .placing import Order
from .verified_numbers import verified_among

NOT_YOURS = (
    "must be a number that the account holds or has verified: POST /rest/verified_number calls it"
    " and asks for a code"
)


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
    """What calls of one order have in common.

    `caller` is shown, without a plus; `lease` is the account's hold on it, None if it is a number
    of elsewhere that was verified.
    """

    account: Account
    profile: ProfileFacts
    caller: int
    lease: Lease | None
    app: SipControlApp
    static: bytes | None
    shows_app: bool

    @property
    def lease_uuid(self) -> UUID | None:
        """The lease's, if there is one."""
        return self.lease.uuid if self.lease is not None else None

    def order(self, to: str, *, ring_s: float, max_s: int | None = None) -> Order:
        """Order one call."""
        return Order(
            account=self.account,
            profile=self.profile,
            caller=self.caller,
            to=to,
            app=self.app,
            static=self.static,
            shows_app=self.shows_app,
            lease=self.lease_uuid,
            ring_s=ring_s,
            max_s=max_s,
        )


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
    caller, lease = await _shown(session, account, shown or found.tn_lease_uuid, now)
    app, static = await _flow(session, account, found, source, now)
    return Terms(
        await get_account(session, account),
        ProfileFacts(found, caller),
        caller,
        lease,
        app,
        static,
        source.app is not None,
    )


async def _shown(
    session: AsyncSession, account: UUID, shown: UUID | int | None, now: datetime
) -> tuple[int, Lease | None]:
    if shown is None:
        raise _bad("tn_lease", "name a number to be shown: tn_lease, from, or the profile's own")
    try:
        lease = await get_lease(session, account, shown)
    except LeaseNotFound:
        if isinstance(shown, UUID):
            raise
        if await verified_among(session, [(account, shown)]):
            return shown, None
        raise _bad("from", NOT_YOURS, shown) from None
    if lease.expired_on <= now:
        raise _bad("tn_lease", "the lease has expired: renew it", str(lease.uuid))
    return lease.tn, lease


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
