import socket
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager

import pytest

from opentact.adapters.sip.endpoint import SipEndpoint
from opentact.adapters.sip.failover import ask_any, call_any
from opentact.adapters.sip.legs import IncomingLeg
from opentact.adapters.sip.sockets import Listening
from opentact.voice.sip.effects import Answered, Refused
from support.nameserver import nameserver

SDP = b"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\n"
HOST = "127.0.0.1"
Answer = Callable[[IncomingLeg], None]


@asynccontextmanager
async def domain(*answers: Answer) -> AsyncIterator[SipEndpoint]:
    """An endpoint whose DNS knows example.com: a dead TCP server, then one per answer."""
    async with AsyncExitStack() as stack:
        dead = stack.enter_context(socket.socket())
        dead.bind((HOST, 0))
        records = [
            '@ 60 IN NAPTR 1 1 "s" "SIP+D2T" "" _sip._tcp',
            '@ 60 IN NAPTR 2 1 "s" "SIP+D2U" "" _sip._udp',
            f"_sip._tcp 60 IN SRV 1 1 {dead.getsockname()[1]} a",
            "a 60 IN A 127.0.0.1",
        ]
        for priority, answer in enumerate(answers):
            server = await SipEndpoint.open(HOST, 0, on_call=answer)
            stack.push_async_callback(server.close, 0.2)
            records.append(f"_sip._udp 60 IN SRV {priority} 1 {server.local.port} a")
        _, place = await stack.enter_async_context(nameserver("\n".join(records) + "\n"))
        caller = await SipEndpoint.open(
            HOST, 0, on_call=lambda leg: leg.reject(480), listening=Listening(dns=place)
        )
        stack.push_async_callback(caller.close, 0.2)
        yield caller


def busy(leg: IncomingLeg) -> None:
    leg.reject(486)


def full(leg: IncomingLeg) -> None:
    leg.reject(503)


def picks_up(leg: IncomingLeg) -> None:
    leg.answer(SDP)


async def outcome(caller: SipEndpoint) -> object:
    uri = "sip:bob@example.com"
    _, event = await call_any(caller, uri, to=uri, caller="sip:ann@example.net", sdp=SDP)
    return event.status if isinstance(event, Refused) else type(event)


async def test_the_next_server_is_tried_when_one_is_dead_or_full() -> None:
    async with domain(full, picks_up) as caller:
        assert await outcome(caller) is Answered
        assert caller.counters.refused["refused"] == 1
        # The dead one and the full one are not tried first again.
        assert await outcome(caller) is Answered
        assert caller.counters.refused["refused"] == 1


async def test_an_answer_of_the_callee_is_the_answer() -> None:
    async with domain(busy, picks_up) as caller:
        assert await outcome(caller) == 486


async def test_the_last_refusal_is_told_when_there_is_no_other_server() -> None:
    async with domain(full) as caller:
        assert await outcome(caller) == 503


async def test_questions_fail_over_too() -> None:
    async with domain(picks_up) as caller:
        reply, address = await ask_any(
            caller, "OPTIONS", "sip:example.com", to="sip:example.com", caller="sip:me@example.net"
        )
        assert (reply.status, address.transport) == (200, "udp")


async def test_a_name_that_leads_nowhere_is_told() -> None:
    async with domain() as caller:
        with pytest.raises(ValueError, match="no server is known"):
            await ask_any(caller, "OPTIONS", "sip:no.example.com", to="sip:x", caller="sip:y")
