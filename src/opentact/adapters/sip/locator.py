"""The lookups that RFC 3263 asks for, by DNS: with `dnspython`, cached as long as records say.

Addresses that lately came to nothing are put last, so that a call does not wait for what the
one before it has just found dead.
"""

import secrets
from collections.abc import Collection
from time import monotonic

from dns import asyncresolver, rdatatype, resolver
from dns.exception import DNSException
from dns.rdata import Rdata
from dns.rdtypes.IN import NAPTR, SRV

from opentact.voice.sip.locating import Found, Kind, Naptr, Query, Srv, locate
from opentact.voice.sip.machine import Address

# One question with its repeats; a caller waits meanwhile.
LOOKUP_SECONDS = 5.0
# Names that others may have us remember.
MAX_CACHED = 10_000
# How long an address that failed is put last.
AVOID_SECONDS = 60.0
MAX_AVOIDED = 10_000


class Locator:
    """`server` is the (host, port) to ask; the system's resolvers without it.

    `speaks` are the transports we can use, `families` the kinds of addresses (4, 6).
    """

    def __init__(
        self,
        speaks: Collection[str],
        *,
        families: Collection[int] = (4,),
        server: tuple[str, int] | None = None,
    ) -> None:
        self._speaks = speaks
        self._kinds = [{4: rdatatype.A, 6: rdatatype.AAAA}[each] for each in families]
        self._server = server
        self._resolver: asyncresolver.Resolver | None = None
        self._avoided: dict[Address, float] = {}

    async def locate(self, uri: str) -> list[Address]:
        """Find where to send a request for this URI, best first; nowhere is an empty list.

        Raises ValueError when it is no SIP URI.
        """
        steps = locate(uri, self._speaks, lambda most: secrets.randbelow(most + 1))
        try:
            query = next(steps)
            while True:
                query = steps.send(await self._answer(query))
        except StopIteration as end:
            found: list[Address] = end.value
        now = monotonic()
        return sorted(found, key=lambda each: self._avoided.get(each, 0.0) > now)

    def avoid(self, address: Address) -> None:
        """Put this address last for a while: it refused, kept silent, or answered 503."""
        place = address._replace(flow=0)
        self._avoided.pop(place, None)
        if len(self._avoided) >= MAX_AVOIDED:
            del self._avoided[next(iter(self._avoided))]
        self._avoided[place] = monotonic() + AVOID_SECONDS

    async def _answer(self, query: Query) -> Found:
        match query.kind:
            case Kind.NAPTR:
                return [
                    Naptr(
                        each.order,
                        each.preference,
                        each.flags.decode("ascii", "replace"),
                        each.service.decode("ascii", "replace"),
                        each.replacement.to_text(omit_final_dot=True),
                    )
                    for each in await self._records(query.name, rdatatype.NAPTR)
                    if isinstance(each, NAPTR.NAPTR)
                ]
            case Kind.SRV:
                return [
                    Srv(each.priority, each.weight, each.port, each.target.to_text())
                    for each in await self._records(query.name, rdatatype.SRV)
                    if isinstance(each, SRV.SRV)
                ]
            case Kind.HOST:
                return [
                    each.to_text()
                    for kind in self._kinds
                    for each in await self._records(query.name, kind)
                ]

    async def _records(self, name: str, kind: rdatatype.RdataType) -> list[Rdata]:
        if name.lower().rstrip(".").endswith(".invalid"):
            return []  # RFC 7118 5.2: made up, by those who have no name
        try:
            self._resolver = self._resolver or self._make()
            return list(await self._resolver.resolve(name, kind, search=False))
        except (DNSException, OSError, ValueError):
            # No such name, no such record, nobody to ask: to a caller all of them are nowhere.
            return []

    def _make(self) -> asyncresolver.Resolver:
        made = asyncresolver.Resolver(configure=self._server is None)
        if self._server is not None:
            made.nameservers, made.port = [self._server[0]], self._server[1]
        made.lifetime = LOOKUP_SECONDS
        made.cache = resolver.LRUCache(MAX_CACHED)
        return made
