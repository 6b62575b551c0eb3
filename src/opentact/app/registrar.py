"""The registrar put together: who may log in at the SIP edge, and where they can be reached."""

import secrets
import time
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from uuid import UUID

import structlog

from opentact.adapters.storage.database import Database
from opentact.adapters.storage.journal import Journal
from opentact.events.log import EventLog
from opentact.kit.clock import Clock
from opentact.voice.binding_book import BindingBook
from opentact.voice.registrations import Registrations
from opentact.voice.sip.digest import Challenger
from opentact.voice.sip.machine import Address
from opentact.voice.sip_directory import SipDirectory
from opentact.voice.sip_login import SipLogins

SECRET_BYTES = 32
log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Registrar:
    """Its parts: REGISTERs go to `registrations`, INVITEs of users ask `logins`."""

    registrations: Registrations
    logins: SipLogins

    def changed(self, domain: UUID | None) -> None:
        """Look again at a domain and what is in it, or at all (voice/changes.py)."""
        self.logins.directory.forget(domain)
        self.registrations.forget(domain)


def only_noted(source: Address, what: str, detail: str) -> None:
    """Note what looks like an attack; nobody is banned for it."""
    log.debug("< suspicious", source=str(source), what=what, detail=detail)


async def open_registrar(
    stack: AsyncExitStack,
    database: Database,
    events: EventLog,
    clock: Clock,
    node: str,
    old_agents: Sequence[str],
    suspect: Callable[[Address, str, str], None] = only_noted,
) -> Registrar:
    """Start it with what it held when the node stopped; it ends with the stack."""
    directory = SipDirectory(database, time.time)
    stack.push_async_callback(directory.close)
    journal = Journal(database)
    stack.push_async_callback(journal.close)
    challenger = Challenger(secrets.token_bytes(SECRET_BYTES))
    logins = SipLogins(directory, challenger, time.time, suspect, old_agents)
    book = BindingBook(journal, events, clock, node)
    registrations = Registrations(database, logins, book, time.time)
    await registrations.start(node)
    stack.push_async_callback(registrations.close)
    return Registrar(registrations, logins)
