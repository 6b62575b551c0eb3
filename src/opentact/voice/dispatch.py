"""Which way a call takes, by who calls: users, switches, customers' connections, carriers.

Looks up what routes (voice/routes.py) are decided from, and has the decision carried out.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from opentact.accounts.accounts import Account
from opentact.billing.rating import Rate
from opentact.kit.money import ZERO

from . import causes
from .admission import Admitted, Delivered, Refused, dialled_number
from .admissions import Admissions
from .callers import STRANGER, Caller, ReceivedCall, UserCaller, host_of
from .causes import Cause
from .closed_routes import Origin, refusal_of
from .connecting import Asked, Connector, Exchange
from .facts import AppFacts, DomainFacts, UserFacts
from .forks import NOBODY, Shown
from .house import HOUSE
from .routes import (
    Dialled,
    Route,
    ToApp,
    ToConnection,
    ToLease,
    ToNetwork,
    ToUser,
    route_from_outside,
    route_from_trunk,
    route_of_user,
)
from .rules.asks import Allowed, InboundAsk
from .rules.refusals import RuleRefused
from .rules.tickets import Ticket
from .sip.identities import withholds
from .trunk_places import is_address
from .trunk_ways import TrunkCaller, TrunkKind

FREE = Rate(ZERO)
RunApp = Callable[[ReceivedCall, Admitted, Ticket | None], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Dispatch:
    """Places calls. `run_app` has a call answered by an app's flow."""

    admissions: Admissions
    exchange: Exchange
    run_app: RunApp

    async def place(self, leg: ReceivedCall, caller: Caller) -> None:
        """Place a call of somebody known."""
        if leg.source is HOUSE:
            # Let through where it began, and for a number: its host names the caller's domain.
            await self._to_lease(leg)
            return
        if isinstance(caller, UserCaller):
            await self._of_user(leg, caller)
            return
        domain = await self._domain_of(leg, caller)
        if domain is not None:
            await self._to_domain(leg, caller, domain)
        elif caller.kind is TrunkKind.CARRIER:
            await self._to_lease(leg)
        else:
            await self._of_trunk(leg, caller)

    async def _of_user(self, leg: ReceivedCall, caller: UserCaller) -> None:
        user, domain = caller.user, caller.domain
        dialled = await self._dialled(leg.called, domain)
        shown = Shown(user.login, domain.name, user.name, withholds(leg.request))
        card = self.exchange.cards.received(leg, domain.account, user=user.uuid, bridged=True)
        asked = Asked(leg, card, shown, domain, user)
        if self._is_foreign(host_of(leg.request_uri), domain):
            await self.exchange.refuse(leg, card, causes.FOREIGN, causes.FOREIGN.words)
            return
        origin = Origin(leg.called, user, domain, profile=domain.profile)
        await self._carry_out(asked, route_of_user(user, domain, dialled), origin)

    async def _to_domain(self, leg: ReceivedCall, caller: TrunkCaller, domain: DomainFacts) -> None:
        dialled = await self._dialled(caller.number_of(leg.called), domain)
        own = await self._own_number(leg, domain.account)
        foreign = caller.account is None
        card = self.exchange.cards.received(leg, domain.account, bridged=True, from_network=foreign)
        asked = Asked(leg, card, self._shown(leg, foreign=foreign), domain)
        if not domain.account.is_open:
            closed = causes.ACCOUNT_DISABLED
            await self.exchange.refuse(leg, card, closed, closed.words)
            return
        origin = Origin(leg.called, domain=domain, profile=domain.profile)
        await self._carry_out(asked, route_from_outside(domain, dialled, own), origin)

    async def _of_trunk(self, leg: ReceivedCall, caller: TrunkCaller) -> None:
        directory = self.exchange.directory
        account = await directory.account(caller.account) if caller.account else None
        if account is None or not account.is_open:
            leg.reject(STRANGER)
            return
        profile = await directory.profile(caller.profile) if caller.profile else None
        dialled = await self._dialled(caller.number_of(leg.called), None)
        own = await self._own_number(leg, account)
        card = self.exchange.cards.received(leg, account, bridged=True)
        asked = Asked(leg, card, self._shown(leg))
        origin = Origin(leg.called, trunk=(caller.uuid, caller.name), profile=profile)
        await self._carry_out(asked, route_from_trunk(profile, dialled, own), origin)

    async def _to_lease(self, leg: ReceivedCall) -> None:
        """Deliver a call from a carrier, or from within the house, to a leased number."""
        verdict = await self.admissions.decide(leg.called)
        if not isinstance(verdict, Refused):
            await self._let_in(leg, verdict)
        elif verdict.account is None:
            leg.reject(verdict.cause.sip, reason=verdict.cause.reason_header)
        else:
            await self._refuse(leg, verdict, verdict.account)

    async def _let_in(self, leg: ReceivedCall, verdict: Admitted | Delivered) -> None:
        """Ask the rules, and hold what they give until the call is somebody else's to close."""
        allowed = await self._ask_rules(leg, verdict)
        if isinstance(allowed, RuleRefused):
            app = verdict.app if isinstance(verdict, Admitted) else None
            card = self.exchange.cards.received(leg, verdict.account, app=app, lease=verdict.lease)
            await self.exchange.refuse(leg, card, allowed.cause, allowed.words, allowed)
            return
        ticket = allowed.ticket if allowed else None
        try:
            if isinstance(verdict, Admitted):
                await self.run_app(leg, verdict, ticket)
            else:
                await self._deliver(leg, verdict, ticket)
                ticket = None
        finally:
            if ticket is not None:
                ticket.close()

    async def _ask_rules(
        self, leg: ReceivedCall, verdict: Admitted | Delivered
    ) -> Allowed | RuleRefused | None:
        if self.exchange.rules is None:
            return None
        return await self.exchange.rules.inbound(
            InboundAsk(
                verdict.account,
                leg.caller,
                verdict.rate,
                verdict.screening,
                withheld=verdict.screening is not None and withholds(leg.request),
            )
        )

    async def _refuse(self, leg: ReceivedCall, verdict: Refused, account: Account) -> None:
        card = self.exchange.cards.received(leg, account, app=verdict.app, lease=verdict.lease)
        await self.exchange.refuse(leg, card, verdict.cause, verdict.cause.words)

    async def _deliver(self, leg: ReceivedCall, verdict: Delivered, ticket: Ticket | None) -> None:
        card = self.exchange.cards.received(
            leg,
            verdict.account,
            lease=verdict.lease,
            rate=verdict.rate.per_minute,
            bridged=True,
        )
        card.ticket = ticket
        tickets = () if ticket is None else (ticket,)
        shown = self._shown(leg, foreign=True)
        asked = Asked(leg, card, shown, rate=verdict.rate, tickets=tickets)
        connector = Connector(self.exchange)
        if not isinstance(verdict.to, UserFacts):
            called = str(dialled_number(leg.called) or leg.called)
            await connector.to_connection(asked, ToConnection(verdict.to), f"+{called}")
            return
        domain = await self.exchange.directory.domain(verdict.domain)
        if domain is None:
            await self.exchange.refuse(leg, card, causes.NO_DESTINATION, "The domain is gone")
            for each in tickets:
                each.close()
            return
        await connector.to_user(asked, ToUser(verdict.to, domain))

    async def _carry_out(self, asked: Asked, route: Route, origin: Origin) -> None:
        connector = Connector(self.exchange)
        match route:
            case ToUser():
                await connector.to_user(asked, route)
            case ToConnection():
                await connector.to_connection(asked, route)
            case ToLease() | ToNetwork():
                await connector.to_number(asked, route)
            case ToApp(app):
                await self._run(asked, app)
            case Cause():
                by = refusal_of(route, origin)
                words = by.words if by else route.words
                await self.exchange.refuse(asked.leg, asked.card, route, words, by)

    async def _run(self, asked: Asked, facts: AppFacts) -> None:
        account = asked.card.account
        await self.run_app(asked.leg, Admitted(account, None, facts.app, facts.static, FREE), None)

    async def _domain_of(self, leg: ReceivedCall, caller: TrunkCaller) -> DomainFacts | None:
        """Find the domain that a trunk's call is for, if it may call there."""
        named = caller.domain or host_of(leg.request_uri)
        domain = await self.exchange.directory.domain(named) if named else None
        theirs = caller.account in {None, domain.account.uuid if domain else None}
        return domain if theirs else None

    async def _dialled(self, called: str, domain: DomainFacts | None) -> Dialled:
        directory, number = self.exchange.directory, dialled_number(called)
        callee = await directory.user(domain.uuid, called) if domain else None
        leased = callee is None and number is not None and await directory.holder(number)
        return Dialled(called, number, bool(leased), callee)

    async def _own_number(self, leg: ReceivedCall, account: Account) -> int | None:
        """Read the caller's number, if it is one that the account may show."""
        number = dialled_number(leg.caller)
        if number is None:
            return None
        may = await self.exchange.directory.may_show(account.uuid, number)
        return number if may else None

    def _is_foreign(self, host: str, domain: DomainFacts) -> bool:
        """Tell whether a name is of somewhere else; an address is taken for one of ours."""
        ours = host in {domain.name, *self.exchange.own_hosts}
        return bool(host) and not ours and not is_address(host.strip("[]"))

    def _shown(self, leg: ReceivedCall, *, foreign: bool = False) -> Shown:
        """Tell who calls; a `foreign` caller who withholds that is nobody to us either."""
        withheld = withholds(leg.request)
        user = NOBODY if withheld and foreign else leg.caller or NOBODY
        return Shown(user, self.exchange.media_host, withheld=withheld)
