"""The platform put together: every part made, started in order, and ended politely.

`open_platform` is what `serve`, `demo` and the tests of the whole use. What begins first ends
last: calls end while the database still works, the database closes when nobody writes any more.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

from opentact.adapters.media.child import ProcessMedia
from opentact.adapters.sip.endpoint import SipEndpoint
from opentact.adapters.speech.engine import LocalSpeech
from opentact.adapters.storage.database import Database
from opentact.api.auth import Authenticator
from opentact.api.rates import Rates
from opentact.api.services import Services
from opentact.events.presence import Presence
from opentact.voice.media import MediaEngine
from opentact.voice.placing import Placer
from opentact.voice.switchboard import Switchboard

from .calls_out import open_app_webhooks, open_batches, open_transcripts, open_verifier
from .engines import open_engines
from .exchange import Exchange, open_exchange
from .ground import Ground, lay_ground, public_url
from .inspecting import lookers
from .job_list import regular_jobs
from .jobs import JobRunner
from .operating import new_secret
from .settings import Settings
from .upkeep import keep_beating, watch


@dataclass
class Platform:
    """The running parts."""

    settings: Settings
    services: Services
    database: Database
    switchboard: Switchboard
    sip: SipEndpoint
    media: MediaEngine
    speech: LocalSpeech


@asynccontextmanager
async def open_platform(settings: Settings, database: Database) -> AsyncIterator[Platform]:
    """Start everything but HTTP on a database that is initialised; end it after the block."""
    async with AsyncExitStack() as stack:
        ground = await lay_ground(stack, settings, database)
        props, media, speech = await open_engines(settings, stack, ground.keeper.traces)
        open_app_webhooks(ground, props.fetcher)
        transcriber = open_transcripts(ground)
        exchange = await open_exchange(ground, props, media)
        ground.keep(keep_beating(database, ground.clock, ground.node), "heartbeat")
        ground.keep(speech.warm(), "warm-speech")
        ground.keep(ground.keeper.run(), "keep-traces")
        services = _services(ground, exchange, media)
        _tell_of_changes(ground, exchange, services)
        services.batches = await open_batches(ground, services)
        services.verifier = open_verifier(ground, services)
        jobs = await _start_jobs(ground, services)
        sip, switchboard = exchange.sip, exchange.switchboard
        phones = exchange.registrar.registrations
        services.inspect = lookers(
            switchboard,
            sip,
            media,
            [speech, transcriber],
            jobs,
            ground.clock,
            phones,
            exchange.trunks,
            exchange.gatekeeper,
        )
        yield Platform(settings, services, database, switchboard, sip, media, speech)


def _services(ground: Ground, exchange: Exchange, media: MediaEngine) -> Services:
    """Hand the HTTP edge what it needs."""
    settings, database, clock = ground.settings, ground.database, ground.clock
    presence, passwords = Presence(), ground.passwords
    return Services(
        database=database,
        clock=clock,
        auth=Authenticator(database, passwords=passwords, jwt=ground.jwt, clock=clock),
        events=ground.events,
        bus=ground.bus,
        presence=presence,
        passwords=passwords,
        jwt=ground.jwt,
        online=presence.is_online,
        new_secret=new_secret,
        switchboard=exchange.switchboard,
        recording_links=ground.links,
        recordings=ground.recordings,
        traces=ground.keeper.traces,
        call_links=ground.call_links,
        public_url=public_url(settings),
        sign_up_open=settings.sign_up,
        sip_base=settings.sip_base,
        sip_online=exchange.registrar.registrations.is_online,
        rates=Rates(per_second=settings.rate_limit),
        trunks=exchange.trunks,
        quotes=exchange.rules.quotes,
        placer=Placer(exchange.switchboard),
        decks=exchange.rules.decks,
        guard=exchange.gatekeeper,
        pings=_pings(database, media),
    )


def _tell_of_changes(ground: Ground, exchange: Exchange, services: Services) -> None:
    """Let those who keep SIP objects in memory hear of their changes, here and elsewhere."""
    changes = services.sip_changes
    ground.keep(watch(ground.database, changes), "watch-sip-changes")
    changes.listen(exchange.registrar.changed)
    changes.listen(exchange.switchboard.directory.forget)
    changes.listen(exchange.trunks.changed)


def _pings(database: Database, media: MediaEngine) -> dict[str, Callable[[], Awaitable[None]]]:
    pings: dict[str, Callable[[], Awaitable[None]]] = {"database": database.ping}
    if isinstance(media, ProcessMedia):
        pings["media"] = media.start
    return pings


async def _start_jobs(ground: Ground, services: Services) -> JobRunner:
    keep_events = timedelta(days=ground.settings.event_days)
    days = ground.settings.recording_days
    keep_recordings = timedelta(days=days) if days else None
    regular = regular_jobs(services, keep_events=keep_events, keep_recordings=keep_recordings)
    jobs = JobRunner(services.database, services.clock, ground.node, regular)
    await jobs.start()
    ground.stack.push_async_callback(jobs.close)
    return jobs
