"""A phone of a SIP user that says and sends exactly what a test wants, and nothing by itself."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from opentact.adapters.media.inline import InlineMedia
from opentact.adapters.media.settings import MediaSettings
from opentact.adapters.sip.endpoint import SipEndpoint
from opentact.adapters.sip.legs import IncomingLeg
from opentact.kit.ids import new_id
from opentact.voice.media import MediaLeg
from opentact.voice.sdp.offer_answer import answer
from opentact.voice.sip.digest import Credentials
from opentact.voice.sip.effects import ENDS
from opentact.voice.sip.machine import Address
from support.live_server import Customer, Server
from support.peers import LOOPBACK, MEDIA_FIRST, MEDIA_LAST

LOGIN, PASSWORD = "bob", "correct-horse-battery"
PATIENCE_S = 30.0


@dataclass
class BarePhone:
    """The phone; `address` is what others call it by."""

    address: str
    endpoint: SipEndpoint
    media: InlineMedia
    calls: "asyncio.Queue[IncomingLeg]"

    async def rings(self) -> IncomingLeg:
        """Wait for a call, and let it ring."""
        async with asyncio.timeout(PATIENCE_S):
            leg = await self.calls.get()
        leg.ring()
        return leg

    async def answer(self, leg: IncomingLeg) -> MediaLeg:
        """Answer with sound: silence, until something else is sent."""
        assert leg.offer is not None
        sound = await self.media.open(new_id(), LOOPBACK)
        sdp, agreed = answer(leg.offer, host=sound.host, port=sound.port, session_id=1)
        leg.answer(sdp)
        sound.connect(agreed)
        return sound

    def answer_from(self, leg: IncomingLeg, host: str) -> None:
        """Answer without a sound, and say that one may be sent to this address."""
        assert leg.offer is not None
        leg.answer(answer(leg.offer, host=host, port=4000, session_id=1)[0])

    async def ended(self, leg: IncomingLeg) -> None:
        """Wait until the call is over."""
        async with asyncio.timeout(PATIENCE_S):
            while not isinstance(await leg.events.get(), ENDS):
                pass


@asynccontextmanager
async def bare_phone(live: Server, owner: Customer) -> AsyncIterator[BarePhone]:
    """Register a phone of a new user in a domain of its own."""
    name = f"bare-{secrets.token_hex(4)}"
    domain = (await owner.ask("POST", "/rest/sip/domain", {"domain": name}))["domain"]
    user = {"login": LOGIN, "password": PASSWORD}
    await owner.ask("POST", f"/rest/sip/domain/{domain}/user", user)
    calls: asyncio.Queue[IncomingLeg] = asyncio.Queue()
    media = InlineMedia(MediaSettings(first_port=MEDIA_FIRST, last_port=MEDIA_LAST))
    endpoint = await SipEndpoint.open(LOOPBACK, 0, on_call=calls.put_nowait)
    try:
        me, (host, port) = f"<sip:{LOGIN}@{domain}>", endpoint.local[:2]
        reply = await endpoint.ask(
            "REGISTER",
            f"sip:{domain}",
            to=me,
            caller=me,
            destination=Address(*live.sip_address),
            headers=[("contact", f"<sip:{LOGIN}@{host}:{port}>"), ("expires", "3600")],
            credentials=Credentials(LOGIN, PASSWORD),
        )
        assert reply.status == 200, reply
        yield BarePhone(f"{LOGIN}@{domain}", endpoint, media, calls)
    finally:
        await endpoint.close()
        await media.close()
