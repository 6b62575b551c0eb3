"""A thief who has read every message of a call: with its true tags it still ends nothing."""

import asyncio
import re
import socket
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from e2e.test_bad_input import WAITS, Place, open_place
from opentact.adapters.sip.endpoint import SipEndpoint
from opentact.adapters.sip.legs import OutgoingLeg
from opentact.voice.sip.digest import Credentials
from opentact.voice.sip.effects import Answered, HungUp

SECRET = "correct horse battery"
STRANGE = {"carriers": "192.0.2.0/24", "guard_loopback": True, "media": "inline"}
PHONE, THIEF = "127.0.80.1", "127.0.80.2"
SDP = (
    b"v=0\r\no=- 1 1 IN IP4 127.0.80.1\r\ns=-\r\nc=IN IP4 127.0.80.1\r\nt=0 0\r\n"
    b"m=audio 20000 RTP/AVP 0\r\n"
)


class Talk:
    """ann talks with a flow, and everything she sent and heard is known."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.phone: SipEndpoint
        self.leg: OutgoingLeg
        self.seen: list[tuple[str, bytes]] = []

    async def begin(self) -> None:
        alice = self.place.alice
        app = await alice.ask("POST", "/rest/sip/app", {"name": "menu"})
        await alice.post_xml(f"/rest/sip/app/call/flow/{app['uuid']}", WAITS)
        body = {"domain": "acme", "sip_control_app": app["uuid"]}
        domain = (await alice.ask("POST", "/rest/sip/domain", body))["domain"]
        user = {"login": "ann", "password": SECRET}
        await alice.ask("POST", f"/rest/sip/domain/{domain}/user", user)
        self.phone = await SipEndpoint.open(
            PHONE, 0, on_call=lambda leg: leg.reject(480), on_message=self._note
        )
        self.leg = self.phone.call(
            f"sip:menu@{domain}",
            to=f"sip:menu@{domain}",
            caller=f"sip:ann@{domain}",
            sdp=SDP,
            destination=self.place.platform.sip.local,
            credentials=Credentials("ann", SECRET),
        )
        async with asyncio.timeout(10):
            while not isinstance(await self.leg.events.get(), Answered):
                pass

    def _note(self, way: str, data: bytes, *_: object) -> None:
        self.seen.append((way, data))

    def within(self, method: str, source: tuple[str, int], number: int = 9) -> bytes:
        """Write what ann might send in her call now, as if from `source`."""
        acks = [data for way, data in self.seen if way == "out" and data.startswith(b"ACK")]
        ack = acks[-1]  # the first is of the 407
        text = ack.replace(b"ACK", method.encode())
        via = b"Via: SIP/2.0/UDP %s:%d;branch=z9hG4bKthief%d;rport" % (
            source[0].encode(),
            source[1],
            number,
        )
        text = re.sub(rb"(?im)^via:[^\r]*", via, text)
        text = re.sub(rb"(?im)^cseq: \d+", b"CSeq: %d" % number, text)
        if method == "INVITE":
            contact = b"Contact: <sip:thief@%s:%d>\r\nContent-Type: application/sdp\r\n" % (
                source[0].encode(),
                source[1],
            )
            head, _, _ = text.partition(b"\r\n\r\n")
            head = re.sub(rb"(?im)^content-length:[^\r]*\r?\n?", b"", head).rstrip()
            size = b"Content-Length: %d\r\n\r\n" % len(SDP)
            text = head + b"\r\n" + contact + size + SDP
        return text

    async def ask(self, method: str, host: str, number: int = 9) -> str:
        """Send it from a host; give the status line of the answer."""
        with closing(socket.socket(type=socket.SOCK_DGRAM)) as sender:
            sender.bind((host, 0))
            sender.setblocking(False)  # noqa: FBT003 - the socket API's own
            message = self.within(method, sender.getsockname(), number)
            loop = asyncio.get_running_loop()
            await loop.sock_sendto(sender, message, self.place.platform.sip.local[:2])
            async with asyncio.timeout(10):
                answer = await loop.sock_recv(sender, 65_536)
        return answer.split(b"\r\n", 1)[0].decode()

    async def record(self) -> dict[str, Any]:
        [call] = await self.place.alice.calls()
        return call


@pytest.fixture
async def talk(tmp_path: Path) -> AsyncIterator[Talk]:
    async with open_place(tmp_path / "data", **STRANGE) as place:
        made = Talk(place)
        await made.begin()
        yield made
        await made.phone.close(grace=0.5)


async def test_a_bye_or_reinvite_with_the_true_tags_from_elsewhere_is_refused_in_words(
    talk: Talk,
) -> None:
    for number, method in enumerate(("BYE", "INVITE", "UPDATE", "INFO"), start=9):
        said = await talk.ask(method, THIEF, number)
        assert said == "SIP/2.0 403 Forbidden: this call is with another address"
    assert talk.place.platform.services.guard.noticed["foreign_call"] == 4
    assert talk.place.platform.sip.counters.dropped["from elsewhere"] == 4
    # It lives on, and what the platform says still goes to the phone.
    [call] = await talk.place.alice.online()
    await talk.place.alice.run_on_call(call["uuid"], '<Response><Hangup tag="over"/></Response>')
    async with asyncio.timeout(10):
        while not isinstance(await talk.leg.events.get(), HungUp):
            pass
    await talk.place.emptied()
    assert (await talk.record())["cause"] == "flow_hung_up"


async def test_a_phone_whose_nat_gives_it_another_port_still_hangs_up(talk: Talk) -> None:
    assert await talk.ask("BYE", PHONE) == "SIP/2.0 200 OK"
    await talk.place.emptied()
    assert (await talk.record())["cause"] == "caller_hung_up"
