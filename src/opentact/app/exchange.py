"""The telephone exchange of a node put together: SIP, registrar, trunks, rules, live calls."""

import time
from dataclasses import dataclass
from ipaddress import ip_network
from pathlib import Path

from opentact.adapters.sip.endpoint import SipEndpoint
from opentact.api.wire.calls import call_entity
from opentact.kit.faults import Fault
from opentact.voice.actor import Props
from opentact.voice.conversation import Desk
from opentact.voice.edge import Edge
from opentact.voice.gatekeeper import Gatekeeper
from opentact.voice.homes import Homes, read_homes
from opentact.voice.media import MediaEngine
from opentact.voice.neighbours import Neighbours
from opentact.voice.other_nodes import Reachable
from opentact.voice.reach import SipReach
from opentact.voice.switchboard import Switchboard
from opentact.voice.timeline.watching import WatchedMedia
from opentact.voice.trunks import Trunks

from .ground import Ground
from .guarding import kinship, open_guard, standings
from .registrar import Registrar, open_registrar
from .rule_wiring import RuleParts, open_rules
from .settings import Settings
from .sip_listening import listening_of, places_of
from .trunk_wiring import TrunkNews, keep_trunks, open_trunks, reach_of, trunk_logins


class PortTaken(Fault):
    """The port is taken: stop what listens there, or choose another one."""

    code = "port_taken"
    status = 500


@dataclass(frozen=True)
class Exchange:
    """Its parts."""

    sip: SipEndpoint
    switchboard: Switchboard
    registrar: Registrar
    trunks: Trunks
    rules: RuleParts
    gatekeeper: Gatekeeper


async def open_exchange(ground: Ground, props: Props, media: MediaEngine) -> Exchange:
    """Start it; from then on calls are taken, until the stack is unwound."""
    stack, settings, database = ground.stack, ground.settings, ground.database
    clock, node = ground.clock, ground.node
    media = WatchedMedia(media, ground.keeper.traces)
    guard = await open_guard(ground)
    registrar = await open_registrar(
        stack, database, ground.events, clock, node, settings.md5_agents, guard.suspect
    )
    trunks = await open_trunks(stack, settings, database, media)
    rules = await open_rules(
        stack,
        settings,
        database,
        clock,
        node,
        lambda tn: switchboard.directory.holder(tn),  # noqa: PLW0108 - it is made later
    )
    near = Neighbours(
        sources=trunks,
        logins=registrar.logins,
        trunk_logins=trunk_logins(trunks, settings, registrar.logins.suspect),
        phones=await _reachable(ground, registrar),
        outlets=trunks,
        rules=rules.rules,
    )
    park_s = float(settings.park_seconds)
    homes = read_homes(Path(settings.places_file)) if settings.places_file else Homes()
    desk = Desk(ground.book, clock, props, ground.recordings, call_entity, park_s, home_of=homes)
    switchboard = Switchboard(database, media, desk, _edge(settings, node), near)
    guard.trusted = standings(trunks, registrar.registrations)
    guard.are_one = kinship(trunks)
    near.dialler = sip = await _open_sip(ground, switchboard, registrar, guard)
    guard.on_ban = sip.expel
    switchboard.dials.plan.reach = SipReach(sip.locator.locate, reach_of(settings))
    keep_trunks(stack, settings, trunks, sip, TrunkNews(database, ground.events, clock))
    return Exchange(sip, switchboard, registrar, trunks, rules, guard)


async def _reachable(ground: Ground, registrar: Registrar) -> Reachable:
    """Know from the first call on whether other nodes hold phones as well."""
    found = Reachable(registrar.registrations, ground.database, ground.node, time.time)
    await found.look()
    ground.keep(found.run(), "sip_bindings_of_others")
    return found


def _edge(settings: Settings, node: str) -> Edge:
    host = settings.rtp_host or settings.sip_address[0]
    return Edge(node, host, tuple(ip_network(each) for each in settings.carrier_networks))


async def _open_sip(
    ground: Ground, switchboard: Switchboard, registrar: Registrar, guard: Gatekeeper
) -> SipEndpoint:
    settings = ground.settings
    host, port = settings.sip_address
    try:
        sip = await SipEndpoint.open(
            host,
            port,
            on_call=switchboard.take,
            on_message=ground.keeper.traces.on_message,
            on_request=registrar.registrations.take,
            on_closed=registrar.registrations.flow_closed,
            advertised=settings.sip_advertise or None,
            listening=listening_of(settings),
            gate=guard,
        )
    except OSError as error:
        raise PortTaken(
            f"SIP cannot listen on {places_of(settings)}: {error.strerror}."
            " Stop what uses it, or choose another with --sip HOST:PORT"
        ) from None
    ground.stack.push_async_callback(sip.close)
    ground.stack.push_async_callback(switchboard.close)
    return sip
