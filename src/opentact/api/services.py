"""What the routes are built from: handed in once, in `serve` and in tests alike."""

import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, cast
from uuid import UUID

from fastapi import Depends, Request
from starlette.requests import HTTPConnection

from opentact.accounts.attempts import Attempts
from opentact.accounts.jwt import JwtIssuer
from opentact.accounts.passwords import Passwords
from opentact.billing.deck_book import DeckBook
from opentact.events.bus import Bus
from opentact.events.log import EventLog
from opentact.events.presence import Presence
from opentact.kit.clock import Clock
from opentact.kit.units import SharingStorage
from opentact.numbers.periods import Period
from opentact.numbers.providers import NumberProvider, usual_providers
from opentact.voice.batch_runner import BatchRunner
from opentact.voice.changes import Changes
from opentact.voice.live_calls import LiveCalls
from opentact.voice.placing import Placer
from opentact.voice.recordings import RecordingLinks
from opentact.voice.rules.quotes import Quotes
from opentact.voice.timeline.links import CallLinks
from opentact.voice.timeline.traces import Traces
from opentact.voice.verifying import Verifier

from .auth import Authenticator, Principal
from .guard_board import GuardBoard, NoGuard
from .metrics import Metrics
from .rates import Rates, TooFast
from .wire.trunks import NoTrunks, TrunkBoard


def _nobody_is_online(user: UUID) -> bool:
    del user
    return False


@dataclass
class Services:
    """The ports and machines that endpoints use.

    `online(user)` tells whether an authenticated websocket of the user is open.
    `new_secret()` draws 48 random alphanumerics. `recordings` is the folder of their files.
    `sip_base` is what the names of SIP domains end with, `sip_online(user)` tells whether a SIP
    user is registered, `sip_changes` is told of every change to a domain or what is in it,
    `sip_attempts` counts failed logins of SIP users' applications.
    `trunks` tells how carriers and connections are, `guard` who is kept out of SIP.
    `inspect` tells by name what the parts are doing, for /rest/admin/inspect.
    `pings` ask a part for a sign of life, or raise; /health shows them by name.
    """

    database: SharingStorage
    clock: Clock
    auth: Authenticator
    events: EventLog
    bus: Bus
    presence: Presence
    passwords: Passwords
    jwt: JwtIssuer
    online: Callable[[UUID], bool]
    new_secret: Callable[[], str]
    switchboard: LiveCalls
    recording_links: RecordingLinks
    recordings: Path
    call_links: CallLinks
    traces: Traces = field(default_factory=lambda: Traces(time.time))
    public_url: str = "http://127.0.0.1:8080"
    sign_up_open: bool = True
    sip_base: str = "sip.localhost"
    sip_online: Callable[[UUID], bool] = _nobody_is_online
    sip_changes: Changes = field(default_factory=Changes)
    sip_attempts: Attempts = field(default_factory=lambda: Attempts(time.monotonic))
    trunks: TrunkBoard = field(default_factory=NoTrunks)
    quotes: Quotes | None = None
    placer: Placer | None = None
    batches: BatchRunner | None = None
    verifier: Verifier | None = None
    decks: DeckBook | None = None
    guard: GuardBoard = field(default_factory=NoGuard)
    pings: dict[str, Callable[[], Awaitable[None]]] = field(default_factory=dict)
    metrics: Metrics = field(default_factory=Metrics)
    rates: Rates = field(default_factory=lambda: Rates(per_second=0))
    number_providers: Mapping[str, NumberProvider] = field(default_factory=usual_providers)
    lease_period: Period = field(default_factory=Period)
    inspect: Mapping[str, Callable[[], Awaitable[list[dict[str, object]]]]] = field(
        default_factory=dict
    )

    def access_changed(self, account: UUID) -> None:
        """Look up anew who may do what, as users or tokens of the account have changed."""
        self.auth.forget()
        self.bus.announce(account)


async def services_of(connection: HTTPConnection) -> Services:
    """Find the services of the app that got the request."""
    return cast(Services, connection.app.state.services)


Inject = Annotated[Services, Depends(services_of)]


def within_rate(request: Request, services: Services, credential: str) -> None:
    """Count a request of the credential, or raise `TooFast`; the answer's headers tell the rest."""
    left = services.rates.spend(credential)
    if left is not None:
        request.state.headers = left.headers()
        if left.wait:
            message = f"Too many requests with this token: wait {left.wait} s"
            raise TooFast(message, retry_after=left.wait)


def _pace(request: Request, services: Services, who: Principal) -> Principal:
    within_rate(request, services, who.credential)
    return who


# Neither asks the framework for the services: that costs more than what they do.
async def _caller(request: Request) -> Principal:
    services = await services_of(request)
    return _pace(request, services, await services.auth.principal(request))


async def _admin(request: Request) -> Principal:
    services = await services_of(request)
    return _pace(request, services, await services.auth.admin(request))


Caller = Annotated[Principal, Depends(_caller)]
Admin = Annotated[Principal, Depends(_admin)]
