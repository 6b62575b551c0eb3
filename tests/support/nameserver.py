"""A DNS server of the tests' own: one zone, on loopback, and a list of what was asked."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import cast

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.zone

HEAD = "@ 60 IN SOA ns admin 1 60 60 60 60\n@ 60 IN NS ns\nns 60 IN A 127.0.0.1\n"


class Nameserver(asyncio.DatagramProtocol):
    """Answers for `example.com` from the zone given in the words of a zone file."""

    def __init__(self, records: str) -> None:
        self.asked: list[str] = []
        self._zone = dns.zone.from_text(HEAD + records, origin="example.com.", relativize=False)
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        assert self._transport is not None
        query = dns.message.from_wire(data)
        question = query.question[0]
        self.asked.append(
            f"{dns.rdatatype.to_text(question.rdtype)} {question.name.to_text(omit_final_dot=True)}"
        )
        answer = dns.message.make_response(query)
        answer.flags |= dns.flags.AA
        try:
            answer.answer.append(self._zone.find_rrset(question.name, question.rdtype))
        except KeyError:
            known = self._zone.get_node(question.name) is not None
            answer.set_rcode(dns.rcode.NOERROR if known else dns.rcode.NXDOMAIN)
            origin = dns.name.from_text("example.com.")
            answer.authority.append(self._zone.find_rrset(origin, dns.rdatatype.SOA))
        self._transport.sendto(answer.to_wire(), addr)


@asynccontextmanager
async def nameserver(records: str) -> AsyncIterator[tuple[Nameserver, tuple[str, int]]]:
    """Run one; gives it, and where it listens."""
    loop = asyncio.get_running_loop()
    transport, server = await loop.create_datagram_endpoint(
        lambda: Nameserver(records), local_addr=("127.0.0.1", 0)
    )
    try:
        yield server, transport.get_extra_info("sockname")[:2]
    finally:
        transport.close()
        await asyncio.sleep(0)
