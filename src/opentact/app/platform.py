"""The platform put together: every part made, started in order, and ended politely.

`open_platform` is what `serve`, `demo` and the tests of the whole use. What begins first ends
last: calls end while the database still works, the database closes when nobody writes any more.
"""

import asyncio
import secrets
import string
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager, closing
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import ip_network

import structlog
from sqlalchemy.exc import IntegrityError

from opentact.accounts.jwt import JwtIssuer
from opentact.accounts.passwords import Passwords
from opentact.accounts.secrets import platform_secret
from opentact.adapters.audio.shelf import AudioShelf
from opentact.adapters.bus.in_process import InProcessBus
from opentact.adapters.http.fetcher import Fetcher
from opentact.adapters.media.child import ProcessMedia
from opentact.adapters.media.inline import InlineMedia
from opentact.adapters.media.settings import MediaSettings
from opentact.adapters.sip.endpoint import SipEndpoint
from opentact.adapters.speech.engine import LocalSpeech
from opentact.adapters.storage.database import Database
from opentact.adapters.storage.journal import Journal
from opentact.api.auth import Authenticator
from opentact.api.rates import Rates
from opentact.api.services import Services
from opentact.api.wire.calls import call_entity
from opentact.api.wire.events import render
from opentact.events.log import EventLog
from opentact.events.presence import Presence
from opentact.kit.clock import SystemClock
from opentact.kit.faults import Fault
from opentact.kit.ids import new_id
from opentact.voice.actor import Props
from opentact.voice.call_book import CallBook
from opentact.voice.conversation import Desk
from opentact.voice.media import MediaEngine
from opentact.voice.neighbours import Neighbours
from opentact.voice.recordings import RecordingLinks
from opentact.voice.switchboard import Edge, Switchboard

from .data_folder import make_folders, node_name
from .inspecting import lookers
from .job_list import regular_jobs
from .jobs import JobRunner
from .registrar import Registrar, open_registrar
from .rule_wiring import open_rules
from .settings import Settings
from .sip_listening import listening_of, places_of
from .trunk_wiring import TrunkNews, keep_trunks, open_trunks, trunk_logins
from .upkeep import close_lost, keep_beating, watch

log = structlog.get_logger(__name__)
SECRET_BYTES = 32
TOKEN_LENGTH = 48
_ALPHANUMERIC = string.ascii_letters + string.digits


class PortTaken(Fault):
    """The port is taken: stop what listens there, or choose another one."""

    code = "port_taken"
    status = 500


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


def new_secret() -> str:
    """Draw an API key: 48 alphanumerics."""
    return "".join(secrets.choice(_ALPHANUMERIC) for _ in range(TOKEN_LENGTH))


@asynccontextmanager
async def open_platform(settings: Settings, database: Database) -> AsyncIterator[Platform]:
    """Start everything but HTTP on a database that is initialised; end it after the block."""
    clock, presence, bus = SystemClock(), Presence(), InProcessBus()
    events = EventLog(render, bus.publish)
    keys = await _platform_keys(database, clock)
    jwt, links = JwtIssuer(keys["jwt"]), RecordingLinks(keys["recordings"], public_url(settings))
    make_folders(settings.data, "recordings", "cache")
    recordings, node = settings.data / "recordings", node_name(settings.data)
    async with AsyncExitStack() as stack:
        passwords = stack.enter_context(closing(Passwords(time.monotonic)))
        await close_lost(database, events, clock, node, recordings, links)
        journal = Journal(database)
        stack.push_async_callback(journal.close)
        book = CallBook(journal, events, clock, link=links.link)
        stack.push_async_callback(book.close)
        props, media, speech = await _engines(settings, stack)
        desk = Desk(book, clock, props, recordings, call_entity, float(settings.park_seconds))
        agents = settings.md5_agents
        registrar = await open_registrar(stack, database, events, clock, node, agents)
        trunks = await open_trunks(stack, settings, database, media)
        rules = await open_rules(
            stack,
            settings,
            database,
            journal,
            clock,
            node,
            lambda tn: directory.holder(tn),  # noqa: PLW0108 - the directory is made later
        )
        near = Neighbours(
            sources=trunks,
            logins=registrar.logins,
            trunk_logins=trunk_logins(trunks, settings, registrar.logins.suspect),
            phones=registrar.registrations,
            outlets=trunks,
            rules=rules.rules,
        )
        switchboard = Switchboard(database, media, desk, _edge(settings, node), near)
        directory = switchboard.directory
        sip = await _open_sip(settings, switchboard, registrar, stack)
        near.dialler = sip
        keep_trunks(stack, settings, trunks, sip, TrunkNews(database, events, clock))
        _keep(stack, keep_beating(database, clock, node), "heartbeat")
        _keep(stack, speech.warm(), "warm-speech")
        services = Services(
            database=database,
            clock=clock,
            auth=Authenticator(database, passwords=passwords, jwt=jwt, clock=clock),
            events=events,
            bus=bus,
            presence=presence,
            passwords=passwords,
            jwt=jwt,
            online=presence.is_online,
            new_secret=new_secret,
            switchboard=switchboard,
            recording_links=links,
            recordings=recordings,
            public_url=public_url(settings),
            sign_up_open=settings.sign_up,
            sip_base=settings.sip_base,
            sip_online=registrar.registrations.is_online,
            rates=Rates(per_second=settings.rate_limit),
            trunks=trunks,
            quotes=rules.quotes,
            decks=rules.decks,
            pings=_pings(database, media),
        )
        _keep(stack, watch(database, services.sip_changes), "watch-sip-changes")
        services.sip_changes.listen(registrar.changed)
        services.sip_changes.listen(switchboard.directory.forget)
        services.sip_changes.listen(trunks.changed)
        jobs = await _start_jobs(stack, services, node, settings)
        services.inspect = lookers(
            switchboard, sip, media, speech, jobs, clock, registrar.registrations, trunks
        )
        yield Platform(settings, services, database, switchboard, sip, media, speech)


def _pings(database: Database, media: MediaEngine) -> dict[str, Callable[[], Awaitable[None]]]:
    pings: dict[str, Callable[[], Awaitable[None]]] = {"database": database.ping}
    if isinstance(media, ProcessMedia):
        pings["media"] = media.start
    return pings


def _keep(stack: AsyncExitStack, work: Coroutine[None, None, None], name: str) -> None:
    """Do the work beside everything else, until the stack is unwound."""
    task = asyncio.create_task(work, name=name)

    async def end() -> None:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    stack.push_async_callback(end)


async def _start_jobs(
    stack: AsyncExitStack, services: Services, node: str, settings: Settings
) -> JobRunner:
    regular = regular_jobs(services, keep_events=timedelta(days=settings.event_days))
    jobs = JobRunner(services.database, services.clock, node, regular)
    await jobs.start()
    stack.push_async_callback(jobs.close)
    return jobs


def public_url(settings: Settings) -> str:
    """Tell the URL that customers reach us by."""
    return (settings.public_url or f"http://{settings.http}").rstrip("/")


def local_url(settings: Settings) -> str:
    """Tell the URL under which this machine reaches us."""
    host, port = settings.http_address
    return f"http://{'127.0.0.1' if host == '0.0.0.0' else host}:{port}"  # noqa: S104


async def _platform_keys(database: Database, clock: SystemClock) -> dict[str, bytes]:
    try:
        return await _draw_keys(database, clock)
    except IntegrityError:
        return await _draw_keys(database, clock)  # another node has just drawn them


async def _draw_keys(database: Database, clock: SystemClock) -> dict[str, bytes]:
    async with database.write() as session:
        return {
            name: await platform_secret(
                session, name, secrets.token_bytes(SECRET_BYTES), now=clock.now()
            )
            for name in ("jwt", "recordings")
        }


async def _engines(
    settings: Settings, stack: AsyncExitStack
) -> tuple[Props, MediaEngine, LocalSpeech]:
    first, last = settings.port_range
    wanted = MediaSettings(
        first_port=first, last_port=last, rtp_timeout=float(settings.rtp_timeout)
    )
    media = await _open_media(settings, wanted, stack)
    networks = [part for part in settings.fetch_networks.split(",") if part]
    fetcher = Fetcher(allow_networks=networks)
    stack.push_async_callback(fetcher.close)
    shelf = AudioShelf(fetcher, settings.data / "cache" / "audio")
    stack.push_async_callback(shelf.close)
    speech = LocalSpeech(settings.data / "cache" / "speech")
    stack.push_async_callback(speech.close)
    return Props(speech, shelf, fetcher), media, speech


async def _open_media(
    settings: Settings, wanted: MediaSettings, stack: AsyncExitStack
) -> MediaEngine:
    """Start the media engine and have it bind a leg once: the first caller must not wait for it."""
    if settings.media == "inline":
        inline = InlineMedia(wanted)
        stack.push_async_callback(inline.close)
        return inline
    media = ProcessMedia(wanted)
    stack.push_async_callback(media.close)
    await media.start()
    leg = await media.open(new_id(), settings.rtp_host or settings.sip_address[0])
    await leg.close()
    return media


def _edge(settings: Settings, node: str) -> Edge:
    host = settings.rtp_host or settings.sip_address[0]
    return Edge(node, host, tuple(ip_network(each) for each in settings.carrier_networks))


async def _open_sip(
    settings: Settings, switchboard: Switchboard, registrar: Registrar, stack: AsyncExitStack
) -> SipEndpoint:
    host, port = settings.sip_address
    try:
        sip = await SipEndpoint.open(
            host,
            port,
            on_call=switchboard.take,
            on_request=registrar.registrations.take,
            on_closed=registrar.registrations.flow_closed,
            advertised=settings.sip_advertise or None,
            listening=listening_of(settings),
        )
    except OSError as error:
        raise PortTaken(
            f"SIP cannot listen on {places_of(settings)}: {error.strerror}."
            " Stop what uses it, or choose another with --sip HOST:PORT"
        ) from None
    stack.push_async_callback(sip.close)
    stack.push_async_callback(switchboard.close)
    return sip
