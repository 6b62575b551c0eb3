"""What a switchboard leans on, on paper: who logs in, where phones are, ways out, and rules."""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from uuid import UUID

from opentact.billing.rating import Rate
from opentact.voice.neighbours import Neighbours
from opentact.voice.rules.asks import Allowed, InboundAsk, OutboundAsk
from opentact.voice.rules.refusals import RuleRefused
from opentact.voice.rules.tickets import Ticket
from opentact.voice.sip.digest import Ha1s
from opentact.voice.sip.machine import Address
from opentact.voice.sip.message import Request
from opentact.voice.sip.registrar import Binding
from opentact.voice.sip_directory import KnownDomain, KnownUser
from opentact.voice.sip_login import Challenge, Nobody
from opentact.voice.testing_legs import PaperDialler
from opentact.voice.trunk_ways import TrunkCaller, TrunkKind, TrunkTarget, Way

from .world import Tenant

LOOPBACK = Address("127.0.0.1", 5060)
CARRIERS = TrunkCaller(TrunkKind.CARRIER, "carriers")


def binding(contact: str, source: Address = LOOPBACK, *path: str) -> Binding:
    return Binding(contact, source, "call-id", 1, 2e9, 1e9, path)


def way(host: str, user: str, trunk: UUID, *, trusted: bool = False) -> Way:
    target = TrunkTarget(host, 5060)
    to = Address(host, 5060)
    return Way(target.uri(user), to, None, (("x-way", host),), "pbx", trunk, trusted, target)


@dataclass
class PaperSources:
    """Who calls from a host. Loopback is the carriers', as on a laptop."""

    known: dict[str, TrunkCaller] = field(default_factory=lambda: {"127.0.0.1": CARRIERS})

    def caller_of(self, source: Address, called: str = "", domain: str = "") -> TrunkCaller | None:
        del called
        return self.known.get(f"{domain}@{source[0]}") or self.known.get(source[0])


@dataclass
class PaperLogins:
    """Users are who their X-Login header says; without it they are challenged."""

    domains: dict[str, UUID] = field(default_factory=dict)
    down: bool = False
    suspicions: list[tuple[str, str, str]] = field(default_factory=list)

    def suspect(self, source: Address, what: str, detail: str, /) -> None:
        self.suspicions.append((source.host, what, detail))

    async def who(self, request: Request, source: Address) -> KnownUser | Challenge | Nobody:
        del source
        name = request.sender.sip_uri.host
        if name not in self.domains:
            return Nobody(unknown=not self.down)
        home = KnownDomain(self.domains[name], self.domains[name], name)
        login = request.first("x-login")
        if login is None:
            return Challenge(407, [("proxy-authenticate", f'Digest realm="{name}"')], home)
        return KnownUser(self.domains[name], home, login, Ha1s("0" * 32))


@dataclass
class PaperPhones:
    """Where users are registered."""

    at: dict[UUID, list[Binding]] = field(default_factory=dict)

    async def reach(self, user: UUID) -> list[Binding]:
        return self.at.get(user, [])


@dataclass
class PaperOutlets:
    """Ways out; `told` is what came of each."""

    out: list[str] = field(default_factory=list)
    connections: dict[UUID, list[str]] = field(default_factory=dict)
    told_of: list[tuple[str, int | None]] = field(default_factory=list)
    trusted: bool = False
    closed: dict[UUID, str] = field(default_factory=dict)

    def ways_to_connection(self, connection_uuid: UUID, called: str = "") -> list[Way]:
        hosts = self.connections.get(connection_uuid, [])
        return [way(host, called, connection_uuid) for host in hosts]

    def why_no_way(self, connection_uuid: UUID) -> str | None:
        return self.closed.get(connection_uuid)

    def ways_out(self, product_id: int | None, number_e164: str) -> list[Way]:
        del product_id
        made = UUID(int=1)
        return [way(host, number_e164, made, trusted=self.trusted) for host in self.out]

    def told(self, way: Way, status: int | None) -> None:
        self.told_of.append((way.target.host, status))


@dataclass
class PaperRules:
    """Lets calls through at a rate, or refuses with `refusal`. `left` counts closed tickets."""

    rate: Rate = field(default_factory=lambda: Rate(Decimal("0.01")))
    refusal: RuleRefused | None = None
    asked: list[OutboundAsk | InboundAsk] = field(default_factory=list)
    given: int = 0
    left: int = 0

    async def outbound(self, ask: OutboundAsk) -> Allowed | RuleRefused:
        self.asked.append(ask)
        return self.refusal or self._allowed(self.rate)

    async def inbound(self, ask: InboundAsk) -> Allowed | RuleRefused:
        self.asked.append(ask)
        return self._allowed(ask.rate)

    def _allowed(self, rate: Rate) -> Allowed:
        self.given += 1
        return Allowed(rate, Ticket(rate, left=self._gone))

    def _gone(self, reserved: Decimal, paid: Decimal) -> None:
        del reserved, paid
        self.left += 1


@dataclass
class Neighbourhood:
    """All of them."""

    sources: PaperSources = field(default_factory=PaperSources)
    logins: PaperLogins = field(default_factory=PaperLogins)
    phones: PaperPhones = field(default_factory=PaperPhones)
    outlets: PaperOutlets = field(default_factory=PaperOutlets)
    rules: PaperRules = field(default_factory=PaperRules)
    dialler: PaperDialler = field(default_factory=PaperDialler)

    def near(self) -> Neighbours:
        return Neighbours(
            sources=self.sources,
            logins=self.logins,
            phones=self.phones,
            outlets=self.outlets,
            rules=self.rules,
            dialler=self.dialler,
        )

    async def domain(self, tenant: Tenant, *users: str, **links: Any) -> dict[str, UUID]:
        """Make the domain `acme` with users, each registered once; gives their uuids."""
        made = await _made(tenant, "/rest/sip/domain", {"domain": "acme", **links})
        self.logins.domains[made["domain"]] = tenant.account
        uuids = {}
        for login in users:
            body = {"login": login, "password": "correct-horse-7"}
            path = f"/rest/sip/domain/{made['domain']}/user"
            uuids[login] = UUID((await _made(tenant, path, body))["uuid"])
            self.phones.at[uuids[login]] = [binding(f"sip:{login}@192.0.2.50:5070")]
        return uuids


async def _made(tenant: Tenant, path: str, body: dict[str, Any]) -> dict[str, Any]:
    answer = await tenant.client.post(path, json=body)
    assert answer.is_success, answer.text
    payload: dict[str, Any] = answer.json()["payload"]
    return payload


async def profile(tenant: Tenant, **values: Any) -> str:
    """Make an outbound voice profile; gives its uuid."""
    made = await _made(tenant, "/rest/profile/outbound_voice", {"name": "out", **values})
    return str(made["uuid"])


async def connection(tenant: Tenant, **values: Any) -> UUID:
    """Make a SIP connection; gives its uuid."""
    body = {"name": "pbx", "ip": "192.0.2.80", "port": 5060, **values}
    return UUID((await _made(tenant, "/rest/sip/connection", body))["uuid"])
