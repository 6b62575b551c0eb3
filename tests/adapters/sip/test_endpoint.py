"""Real UDP on loopback: two endpoints against each other, and a bare socket against one."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from adapters.sip.bare_peer import BarePeer
from opentact.adapters.sip.endpoint import SipEndpoint
from opentact.adapters.sip.legs import IncomingLeg, OutgoingLeg
from opentact.voice.sip.effects import (
    Acked,
    Answered,
    Cancelled,
    Failed,
    HungUp,
    LegEvent,
    Progressed,
    Refused,
    Reoffered,
)
from opentact.voice.sip.machine import Address

OFFER = b"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\n"
ANSWER = b"v=0\r\no=- 2 2 IN IP4 127.0.0.1\r\ns=-\r\n"
HOST = "127.0.0.1"

Handler = Callable[[IncomingLeg], None]


def refuse_all(leg: IncomingLeg) -> None:
    leg.reject(603)


@asynccontextmanager
async def endpoint(on_call: Handler = refuse_all) -> AsyncIterator[SipEndpoint]:
    opened = await SipEndpoint.open(HOST, 0, on_call=on_call)
    try:
        yield opened
    finally:
        await opened.close(grace=0.2)


def place(caller: SipEndpoint, callee: SipEndpoint) -> OutgoingLeg:
    uri = f"sip:+12015550101@{HOST}:{callee.local[1]}"
    return caller.call(uri, to=uri, caller=f'"Ann" <sip:+12015550100@{HOST}>', sdp=OFFER)


async def heard(leg: IncomingLeg | OutgoingLeg) -> LegEvent:
    async with asyncio.timeout(5):
        return await leg.events.get()


async def test_a_call_from_invite_to_bye() -> None:
    legs: list[IncomingLeg] = []

    def on_call(leg: IncomingLeg) -> None:
        legs.append(leg)
        leg.ring(ANSWER, status=183)
        leg.answer(ANSWER)

    async with endpoint(on_call) as callee, endpoint() as caller:
        out = place(caller, callee)
        assert await heard(out) == Progressed(183, ANSWER)
        assert await heard(out) == Answered(ANSWER)
        (leg,) = legs
        assert await heard(leg) == Acked(None)
        assert (leg.caller, leg.caller_name, leg.called) == ("+12015550100", "Ann", "+12015550101")
        assert leg.request_uri == f"sip:+12015550101@{HOST}:{callee.local[1]}"
        assert leg.offer == OFFER
        assert leg.source == caller.local
        assert leg.call_id == out.call_id
        assert (leg.transport, leg.hops_left) == ("udp", 70)
        leg.hangup(reason='Q.850;cause=16;text="done"')
        leg.hangup()
        assert await heard(out) == HungUp('Q.850;cause=16;text="done"')
        assert callee.counters.sent == 3
        assert callee.counters.repeated == 0


async def test_a_refusal_arrives_with_its_reason() -> None:
    def on_call(leg: IncomingLeg) -> None:
        leg.reject(404, "No Such Number", reason="Q.850;cause=1", headers={"X-Why": "test"})

    async with endpoint(on_call) as callee, endpoint() as caller:
        assert await heard(place(caller, callee)) == Refused(404, "No Such Number", "Q.850;cause=1")


async def test_a_cancelled_call_tells_the_callee() -> None:
    rung: asyncio.Future[IncomingLeg] = asyncio.get_running_loop().create_future()

    def on_call(leg: IncomingLeg) -> None:
        leg.ring()
        rung.set_result(leg)

    async with endpoint(on_call) as callee, endpoint() as caller:
        out = place(caller, callee)
        leg = await rung
        assert await heard(out) == Progressed(180, None)
        out.cancel(reason="SIP;cause=200")
        assert await heard(leg) == Cancelled("SIP;cause=200")
        leg.answer(ANSWER)
        leg.hangup()
        assert out.events.empty()


async def test_a_reoffer_is_answered_as_the_call_layer_says() -> None:
    legs: list[IncomingLeg] = []

    def on_call(leg: IncomingLeg) -> None:
        legs.append(leg)
        leg.answer(ANSWER)

    async with endpoint(on_call) as callee:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            peer = BarePeer(sock, callee.local, OFFER)
            await peer.say("INVITE", 1)
            peer.tag = f";tag={(await peer.hear()).recipient.tag}"
            await peer.say("ACK", 1)
            assert await heard(legs[0]) == Acked(None)
            await peer.say("INVITE", 2)
            assert await heard(legs[0]) == Reoffered(OFFER)
            legs[0].refuse_reoffer(488)
            assert [(await peer.hear()).status for _ in "12"] == [100, 488]
            await peer.say("ACK", 2)
            await peer.say("INVITE", 3)
            assert await heard(legs[0]) == Reoffered(OFFER)
            legs[0].reanswer(ANSWER)
            assert [(await peer.hear()).status for _ in "12"] == [100, 200]
            await peer.say("ACK", 3)
            assert await heard(legs[0]) == Acked(None, again=True)
            await peer.say("BYE", 4)
            assert (await peer.hear()).status == 200
            assert await heard(legs[0]) == HungUp(None)


async def test_garbage_is_counted_and_harms_nobody() -> None:
    async with endpoint() as callee, endpoint() as caller:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
            for data in (b"\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n", bytes(range(256)), b""):
                peer.sendto(data, callee.local[:2])
        assert isinstance(await heard(place(caller, callee)), Refused)
        assert callee.counters.dropped == {"keep-alive": 2, "malformed": 2}


async def test_a_handler_that_fails_refuses_its_call_only() -> None:
    faults: list[dict[str, object]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: faults.append(context))

    def on_call(leg: IncomingLeg) -> None:
        raise RuntimeError(leg.call_id)

    async with endpoint(on_call) as callee, endpoint() as caller:
        for _ in range(2):
            assert await heard(place(caller, callee)) == Refused(500, "Server Internal Error", None)
    assert len(faults) == 2


async def test_closing_ends_every_call_politely() -> None:
    answered: list[IncomingLeg] = []

    def on_call(leg: IncomingLeg) -> None:
        answered.append(leg)
        if len(answered) == 1:
            leg.answer(ANSWER)
        else:
            leg.ring()

    async with endpoint() as caller:
        callee = await SipEndpoint.open(HOST, 0, on_call=on_call)
        talking = place(caller, callee)
        assert await heard(talking) == Answered(ANSWER)
        assert await heard(answered[0]) == Acked(None)
        ringing = place(caller, callee)
        assert await heard(ringing) == Progressed(180, None)
        await callee.close()
        await callee.close()
        assert await heard(talking) == HungUp(None)
        assert await heard(ringing) == Refused(480, "Temporarily Unavailable", None)
        assert await heard(answered[1]) == Failed("the SIP endpoint is closing")
        assert callee.snapshot()["dialogs"] == []
        with pytest.raises(ValueError, match="closing"):
            place(callee, caller)


async def test_a_silent_peer_does_not_keep_it_open() -> None:
    """The peer is a socket that never answers."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind((HOST, 0))
        caller = await SipEndpoint.open(HOST, 0, on_call=refuse_all)
        uri = f"sip:x@{HOST}:{silent.getsockname()[1]}"
        leg = caller.call(uri, to=uri, caller=uri, sdp=OFFER)
        await caller.close(grace=0.0)
        assert await heard(leg) == Failed("the SIP endpoint is closing")


async def test_a_leg_its_user_gave_up_hears_nothing_of_the_closing() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind((HOST, 0))
        caller = await SipEndpoint.open(HOST, 0, on_call=refuse_all)
        uri = f"sip:x@{HOST}:{silent.getsockname()[1]}"
        leg = caller.call(uri, to=uri, caller=uri, sdp=OFFER)
        leg.cancel()
        await caller.close(grace=0.0)
        assert leg.events.empty()


async def test_a_taken_port_is_an_oserror() -> None:
    async with endpoint() as taken:
        with pytest.raises(OSError, match="in use"):
            await SipEndpoint.open(HOST, taken.local[1], on_call=refuse_all)


async def test_a_name_without_a_destination_is_refused() -> None:
    async with endpoint() as caller:
        with pytest.raises(ValueError, match="name a destination"):
            caller.call("sip:a@example.com", to="sip:a@x", caller="sip:b@x", sdp=OFFER)
        assert caller.snapshot() == {"transactions": [], "dialogs": [], "connections": []}


async def test_an_observer_sees_every_message() -> None:
    seen: list[tuple[str, str]] = []

    def on_message(direction: str, data: bytes, peer: Address, call_id: str) -> None:
        assert peer == caller.local
        assert call_id == out.call_id
        seen.append((direction, data.split(b"\r\n")[0].decode().replace("SIP/2.0", "").strip()))

    callee = await SipEndpoint.open(HOST, 0, on_call=refuse_all, on_message=on_message)
    async with endpoint() as caller:
        out = place(caller, callee)
        assert await heard(out) == Refused(603, "Decline", None)
        await callee.close(grace=0.2)
    assert [entry[1].split(" sip:")[0] for entry in seen[:3]] == ["INVITE", "603 Decline", "ACK"]
    assert [entry[0] for entry in seen[:3]] == ["in", "out", "in"]


async def test_another_name_can_be_advertised() -> None:
    legs: list[IncomingLeg] = []

    def on_call(leg: IncomingLeg) -> None:
        legs.append(leg)
        leg.reject(486)

    caller = await SipEndpoint.open(
        "0.0.0.0", 0, on_call=refuse_all, advertised="203.0.113.7", user_agent="me/1"
    )
    async with endpoint(on_call) as callee:
        await heard(place(caller, callee))
    await caller.close()
    request = legs[0].request
    assert request.via.host == "203.0.113.7"
    assert request.via.param("received") == HOST
    assert request.contact is not None
    assert request.contact.uri == f"sip:203.0.113.7:{caller.local[1]}"
    assert request.first("user-agent") == "me/1"


async def test_an_endpoint_says_what_it_is_doing() -> None:
    async with endpoint(lambda leg: leg.ring()) as callee, endpoint() as caller:
        out = place(caller, callee)
        await heard(out)
        (dialog,) = callee.snapshot()["dialogs"]
        assert dialog["direction"] == "incoming"
        assert dialog["state"] == "starting"
        assert dialog["peer"] == f"{HOST}:{caller.local[1]}"
        (transaction,) = callee.snapshot()["transactions"]
        assert (transaction["method"], transaction["state"]) == ("INVITE", "proceeding")
        assert "calls=1" in repr(callee)
        assert "OutgoingCall" in repr(out)
