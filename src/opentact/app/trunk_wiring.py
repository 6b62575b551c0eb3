"""The trunks put together: read from the database, kept alive by the SIP endpoint, and shown.

The simulated carrier is one of them while SIP is on the loopback (setting `dev_carrier`).
"""

import asyncio
import secrets
import socket
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from functools import partial
from ipaddress import ip_address
from uuid import UUID

import structlog

from opentact.accounts.accounts import get_account
from opentact.adapters.http.addresses import Guard
from opentact.adapters.http.faults import FetchRefused
from opentact.adapters.sip.endpoint import SipEndpoint
from opentact.adapters.sip.locator import Locator
from opentact.adapters.sip.sockets import own_host
from opentact.adapters.storage.database import Database
from opentact.events.log import EventLog
from opentact.kit.clock import Clock
from opentact.voice.media import MediaEngine
from opentact.voice.sip.digest import Challenger
from opentact.voice.sip.machine import Address
from opentact.voice.sip.routing import DEFAULT_PORTS, transport_of
from opentact.voice.sip.uri import SipUri
from opentact.voice.sip_login import Suspect
from opentact.voice.trunk_events import TrunkTurned
from opentact.voice.trunk_keeper import News, TrunkKeeper
from opentact.voice.trunk_logins import TrunkLogins
from opentact.voice.trunks import Guests, Trunks

from .settings import BadSetting, Settings
from .simulated_carrier import SimulatedCarrier

SECRET_BYTES = 32
LOOKUP_S = 5.0  # for a name server; one that is slower has no answer
LOCATE_S = 15.0  # for NAPTR, SRV and the addresses one after the other
log = structlog.get_logger(__name__)


async def open_trunks(
    stack: AsyncExitStack, settings: Settings, database: Database, media: MediaEngine
) -> Trunks:
    """Read what trunks there are, so that the first call finds them; it costs no request yet."""
    named = bool(settings.carriers)
    networks = settings.carrier_networks
    trunks = Trunks(
        database,
        time.monotonic,
        secrets.randbelow,
        Guests(networks if named else (), () if named else networks),
        may_reach=reach_of(settings),
    )
    place = settings.dev_carrier_address
    if place is not None:
        try:
            carrier = await SimulatedCarrier.open(*place, media)
        except OSError as error:
            raise BadSetting(
                f"The simulated carrier cannot listen on {place[0]}:{place[1]}: {error.strerror}."
                " Choose another place with OPENTACT_DEV_CARRIER=HOST:PORT, or off"
            ) from None
        stack.push_async_callback(carrier.close)
        trunks.simulated = carrier.trunk()
    await trunks.fresh()
    return trunks


def trunk_logins(trunks: Trunks, settings: Settings, suspect: Suspect) -> TrunkLogins:
    """Let trunks prove who they are; the realm is what the names of SIP domains end with."""
    challenger = Challenger(secrets.token_bytes(SECRET_BYTES))
    return TrunkLogins(trunks, challenger, settings.sip_base, time.time, suspect)


def keep_trunks(
    stack: AsyncExitStack,
    settings: Settings,
    trunks: Trunks,
    sip: SipEndpoint,
    news: "TrunkNews",
) -> None:
    """Ask targets and keep up registrations from now on, until the stack is unwound."""
    locate = partial(servers_of, sip.locator)
    keeper = TrunkKeeper(trunks, sip, locate, news.tell, place=place_of(settings, sip))
    task = asyncio.create_task(keeper.run(), name="trunks")

    async def end() -> None:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await keeper.close()

    stack.push_async_callback(end)


class TrunkNews:
    """Tells accounts what became of their trunks."""

    def __init__(self, database: Database, events: EventLog, clock: Clock) -> None:
        self._database = database
        self._events = events
        self._clock = clock

    async def tell(self, news: list[News]) -> None:
        """Store an event for each; what belongs to no account is only in our own log."""
        owned = [each for each in news if each[0].account is not None]
        if not owned:
            return
        async with self._database.write() as session:
            for trunk, part, target, before, after, reason in owned:
                assert trunk.account is not None  # noqa: S101 - chosen so above
                account = await get_account(session, trunk.account)
                happened = TrunkTurned(
                    account,
                    trunk.uuid,
                    trunk.kind,
                    trunk.name,
                    part,
                    str(target),
                    before,
                    after,
                    reason,
                )
                now = self._clock.now()
                await self._events.append(session, account.uuid, happened, now=now)


def reach_of(settings: Settings) -> Callable[[str], bool]:
    """Tell which addresses customers may have us send SIP to: public ones, and what is set."""
    guard = Guard(settings.reachable_networks)

    def may_reach(host: str) -> bool:
        try:
            guard.check(ip_address(host), host)
        except (FetchRefused, ValueError):
            return False
        return True

    return may_reach


async def servers_of(locator: Locator, uri: str) -> tuple[Address, ...]:
    """Locate the servers of a target as RFC 3263 says; names that DNS lacks, as this machine does.

    An operator may have names in /etc/hosts, and containers have theirs nowhere else.
    """
    try:
        async with asyncio.timeout(LOCATE_S):
            found = await locator.locate(uri)
    except (TimeoutError, ValueError):
        found = []
    if found:
        return tuple(found)
    named = SipUri.parse(uri)
    transport = transport_of(named) or "udp"
    port = named.port or DEFAULT_PORTS[transport]
    certified = named.host if transport == "tls" else ""
    here = await addresses_of(named.host)
    return tuple(Address(each, port, transport, 0, certified) for each in here)


async def addresses_of(name: str) -> tuple[str, ...]:
    """Resolve a name, IPv4 first; nothing if it has no address or nobody answers in time."""
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(LOOKUP_S):
            found = await loop.getaddrinfo(name, None, type=socket.SOCK_DGRAM)
    except (OSError, TimeoutError, UnicodeError):
        return ()
    found.sort(key=lambda each: each[0] is not socket.AF_INET)
    return tuple(dict.fromkeys(str(each[4][0]) for each in found))


def place_of(settings: Settings, sip: SipEndpoint) -> str:
    """Tell host and port as others reach our SIP."""
    host, port = sip.local[0], sip.local[1]
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    own = settings.sip_advertise or own_host(host, family)
    return f"[{own}]:{port}" if ":" in own else f"{own}:{port}"


def trunk_rows(trunks: Trunks) -> list[dict[str, object]]:
    """Tell of each target of each trunk, for `opentact inspect trunks`."""
    return [
        {
            "trunk": trunk.name,
            "kind": trunk.kind.value,
            "uuid": str(uuid),
            "target": str(target),
            "priority": target.priority,
            "weight": target.weight,
            "state": (health := trunks.health(uuid, target)).state.value,
            "reason": health.reason,
            "for_s": round(trunks.now() - health.since, 1) if health.since else None,
            "registration": _registration(trunks, uuid),
        }
        for uuid, trunk in sorted(trunks.by_uuid.items(), key=lambda each: each[1].name)
        for target in trunk.targets
    ]


def _registration(trunks: Trunks, uuid: UUID) -> str | None:
    kept = trunks.registration(uuid)
    return f"{kept.state.value}: {kept.reason}" if kept else None
