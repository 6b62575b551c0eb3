"""The registrar: takes REGISTERs, knows where every user can be reached, tells who is online.

All of it is answered from memory. What changes is stored before a phone is told so, in groups
(binding_book.py), and read back at the next start; there, what came over a connection is gone,
as its connection is. Rules are those of sip/registrar.py, credentials those of sip_login.py.
"""

import asyncio
import re
from collections.abc import Callable, Iterable
from typing import Protocol
from uuid import UUID

import structlog
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from opentact.accounts.accounts import Account
from opentact.kit.units import Storage

from .binding_book import BindingBook, parts
from .bindings import bindings_of_node
from .domains import SipDomain
from .sip.authorization import Answer
from .sip.machine import Address
from .sip.message import Request
from .sip.registrar import Binding, NotGranted, confirm, grant, read_wish
from .sip_directory import Found, KnownUser
from .sip_login import REGISTRAR, Challenge, SipLogins, realm_of
from .sip_users import SipUser
from .whereabouts import Changed, Registered, Whereabouts

LOOK_S = 1.0  # bindings that have expired are found this often
MAX_USERS = 200_000  # some kB each with their row; more than one node is meant for
LONGEST_SHOWN = 100
_NOT_ON_WIRE = re.compile(r"[^A-Za-z0-9_]")
log = structlog.get_logger(__name__)


class Asked(Protocol):
    """A received REGISTER (adapters/sip/legs.py, IncomingRequest)."""

    request: Request
    source: Address

    def respond(
        self, status: int, phrase: str | None = None, headers: Iterable[tuple[str, str]] = ()
    ) -> None:
        """Answer it for good."""


class Registrations:
    """The registrar of one node. `now` tells seconds since 1970."""

    def __init__(
        self, storage: Storage, logins: SipLogins, book: BindingBook, now: Callable[[], float]
    ) -> None:
        self._storage = storage
        self._logins = logins
        self._book = book
        self._now = now
        self._places = Whereabouts()
        self._checks: set[asyncio.Task[None]] = set()
        self._watch: asyncio.Task[None] | None = None

    async def start(self, node: str) -> None:
        """Read back what held when the node stopped, and begin to look for what expires."""
        async with self._storage.read() as session:
            stored = await bindings_of_node(session, node)
            whose = await _whose(session, {user for user, _ in stored})
        gone: dict[UUID, Changed] = {}
        for user, binding in stored:
            owner = self._places.get(user) or whose.get(user)
            if owner is None or binding.expires_at <= self._now() or binding.source.flow:
                gone.setdefault(user, {})[binding.key] = None
            else:
                self._places.set(owner.at((*owner.bindings, binding)))
        for user, changed in gone.items():
            self._book.note(user, changed, online=None if self._places.get(user) else False)
        self._watch = asyncio.create_task(self._look_for_expired(), name="registrations")

    async def close(self) -> None:
        """Stop, and store what is not stored yet."""
        tasks = [*self._checks, *filter(None, [self._watch])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._book.close()

    def __len__(self) -> int:
        return len(self._places)

    def take(self, asked: Asked) -> None:
        """Answer a REGISTER: now, or when what must be read and stored for it has been."""
        try:
            realm = realm_of(asked.request.recipient.sip_uri.host)
        except ValueError:
            asked.respond(400, "Bad Request: To is no SIP address")
            return
        answer = self._logins.answer_of(asked.request, realm, REGISTRAR)
        login = self._logins.login_to_find(answer)
        self._logins.directory.find(
            realm, login, lambda found: self._judge(asked, answer, found), hurry=False
        )

    def contacts_of(self, user: UUID) -> list[Binding]:
        """Tell where the user can be reached now, the one refreshed last at the end."""
        held = self._places.get(user)
        if held is None:
            return []
        now = self._now()
        return [binding for binding in held.bindings if binding.expires_at > now]

    def is_online(self, user: UUID) -> bool:
        """Tell whether the user can be reached at this node."""
        return bool(self.contacts_of(user))

    def has_any_at(self, host: str) -> bool:
        """Tell whether a user is registered from this host."""
        return self._places.has_any_at(host)

    def flow_closed(self, flow: int) -> None:
        """Forget what came over a connection that is gone."""
        for held in self._places.over(flow):
            self._change(held.without_flow(flow))

    def expire(self) -> None:
        """Forget what has not been refreshed in time."""
        now = self._now()
        for held in self._places.due(now):
            self._change(held.until(now))

    def forget(self, domain: UUID | None) -> None:
        """Look again who may be registered, as a domain, or what is in it, has changed.

        Who was removed or switched off, or has another password, is registered no more.
        """
        del domain
        if len(self):
            check = asyncio.create_task(self._check_again(), name="registrations-checked")
            self._checks.add(check)
            check.add_done_callback(self._checks.discard)

    async def settled(self) -> None:
        """Wait until all that has changed is looked at, and stored."""
        await asyncio.gather(*self._checks)
        await self._book.settled()

    def rows(self) -> list[dict[str, object]]:
        """List every binding, for `opentact inspect`."""
        now = self._now()
        return [_shown(held, each, now) for held in self._places for each in held.bindings]

    def _judge(self, asked: Asked, answer: Answer | None, found: Found | None) -> None:
        if found is None:
            asked.respond(503, headers=[("retry-after", "5")])
            return
        if found.domain is None:
            self._logins.suspect(asked.source, "unknown_domain", _shortly(asked.request))
            asked.respond(403)
            return
        who = self._logins.judge(found, answer, asked.request, asked.source, REGISTRAR)
        if isinstance(who, Challenge):
            asked.respond(who.status, headers=who.headers)
        elif not _is_own(asked.request, who):
            self._logins.suspect(asked.source, "foreign_address", _shortly(asked.request))
            asked.respond(403)
        else:
            self._serve(asked, who)

    def _serve(self, asked: Asked, user: KnownUser) -> None:
        now = self._now()
        held = self._places.get(user.uuid) or _held(user)
        try:
            granted = grant(held.bindings, read_wish(asked.request, asked.source, now), now)
        except NotGranted as refused:
            asked.respond(refused.status, refused.phrase, refused.headers)
            return
        if len(self._places) >= MAX_USERS and granted and not held.bindings:
            asked.respond(503, headers=[("retry-after", "60")])
            return
        self._change(_held(user).at(granted))
        self._book.when_stored(lambda stored: self._confirm(asked, granted, stored=stored))

    def _confirm(self, asked: Asked, granted: tuple[Binding, ...], *, stored: bool) -> None:
        if stored:
            asked.respond(200, headers=confirm(asked.request, granted, self._now()))
        else:
            asked.respond(500, headers=[("retry-after", "5")])

    def _change(self, held: Registered) -> None:
        was_online = self._places.get(held.user) is not None
        changed = self._places.set(held)
        if changed:
            is_online = bool(held.bindings)
            news = is_online if is_online is not was_online else None
            self._book.note(held.user, changed, online=news)

    async def _look_for_expired(self) -> None:
        while True:
            await asyncio.sleep(LOOK_S)
            try:
                self.expire()
            except Exception:
                log.exception("x registrations: expiry")

    async def _check_again(self) -> None:
        users = {held.user for held in self._places}
        async with self._storage.read() as session:
            whose = await _whose(session, users)
        for user in users:
            held, owner = self._places.get(user), whose.get(user)
            if held is not None and (owner is None or owner.secret != held.secret):
                self._change(held.at(()))


def _held(user: KnownUser) -> Registered:
    domain = user.domain
    return Registered(user.uuid, domain.account, user.login, domain.name, user.ha1s.md5)


def _is_own(request: Request, user: KnownUser) -> bool:
    """Tell whether To names the user who has proven to be it (RFC 3261 10.3, step 4).

    Some clients write a login with `_` for whatever is no letter or digit (spec/05, SIP user).
    """
    named = (request.recipient.sip_uri.user or "").lower()
    login = user.login.lower()
    return named in (login, _NOT_ON_WIRE.sub("_", login))


def _shortly(request: Request) -> str:
    return request.recipient.uri[:LONGEST_SHOWN]


def _shown(held: Registered, binding: Binding, now: float) -> dict[str, object]:
    return {
        "user": f"{held.login}@{held.domain}",
        "contact": binding.contact,
        "from": str(binding.source),
        "transport": binding.source.transport,
        "connection": binding.source.flow or None,
        "agent": binding.agent,
        "since_s": round(now - binding.since),
        "expires_s": round(binding.expires_at - now),
        "account": str(held.account),
    }


async def _whose(session: AsyncSession, users: set[UUID]) -> dict[UUID, Registered]:
    """Read those of the users that may be registered."""
    found: dict[UUID, Registered] = {}
    for part in parts(list(users)):
        query = (
            select(
                SipUser.uuid,
                SipUser.account_uuid,
                SipUser.login,
                SipDomain.domain,
                SipUser.ha1,
            )
            .join(SipDomain, SipDomain.uuid == SipUser.sip_domain_uuid)
            .join(Account, Account.uuid == SipUser.account_uuid)
            .where(SipUser.uuid.in_(part), SipUser.is_active.is_(True))
            .where(Account.deleted_on.is_(None), Account.disabled_on.is_(None))
        )
        found |= {row.uuid: Registered(*row) for row in await session.execute(query)}
    return found
