"""A number of elsewhere is verified by who answers it, and then shown, over real SIP and RTP.

The number is one of the simulated carrier at which two callers meet: the platform, and a person
who presses the keys.
"""

import asyncio
from typing import Any

import httpx
import pytest

from opentact.app.simulate import Caller, CallOutcome, CallPlan
from support.live_server import Customer, Refused, Server
from support.peers import MEDIA_FIRST, MEDIA_LAST

from .test_placed_calls import TONE, comes_to, place, profile

OWN = "+13125550110"


async def simulated_carrier(live: Server) -> tuple[str, int]:
    """Find where the simulated carrier takes calls, as its operator does."""
    admin = live.credentials["admin"]
    login = httpx.BasicAuth(admin["email"], admin["password"])
    async with httpx.AsyncClient(base_url=f"http://{live.http}", auth=login) as web:
        rows = (await web.get("/rest/admin/inspect/trunks")).json()["payload"]
    [target] = [row["target"] for row in rows if row["trunk"] == "dev"]
    host, _, port = str(target).rpartition(":")
    return host.rpartition(":")[2], int(port)


async def pressing(live: Server, keys: str) -> CallOutcome:
    """Be at the number, and press keys when the platform has called it."""
    ports = (MEDIA_FIRST, MEDIA_LAST)
    plan = CallPlan("+12015550123", OWN, await simulated_carrier(live), keys, media_ports=ports)
    return await Caller(plan).run()


async def settled(alice: Customer) -> dict[str, Any]:
    """Wait until the call has told whether the number is verified."""
    async with asyncio.timeout(30):
        while True:
            path = f"/rest/verified_number/{OWN.lstrip('+')}"
            number: dict[str, Any] = await alice.ask("GET", path)
            if number["state"] != "pending":
                return number
            await asyncio.sleep(0.1)


async def test_a_number_is_shown_once_somebody_there_has_entered_the_code(
    live: Server, alice: Customer
) -> None:
    voice = await profile(alice)
    shown = {"from": OWN, "outbound_voice_profile": voice}
    with pytest.raises(Refused) as refused:
        await place(alice, TONE, **shown)
    assert "verified_number" in str(refused.value.said["fields"])
    body = {"tn": OWN, "name": "the old office", "outbound_voice_profile": voice}
    asked = await alice.ask("POST", "/rest/verified_number", body)
    assert asked["state"] == "pending"
    person = await pressing(live, asked["code"])
    assert person.ended_by == "the platform hung up"
    assert person.heard_seconds > 0.5  # it was asked, and thanked
    number = await settled(alice)
    assert (number["state"], number["tn"]) == ("verified", int(OWN))
    call = await comes_to(alice, number["call"], "destroyed")
    assert call["reason"].endswith("the right code")
    placed = await place(alice, TONE, **shown)
    assert placed["from"] == OWN
    live_call = await comes_to(alice, placed["uuid"], "live")
    await alice.ask("DELETE", f"/rest/call/{live_call['uuid']}")
    await alice.ask("DELETE", f"/rest/verified_number/{number['uuid']}")
    with pytest.raises(Refused):
        await place(alice, TONE, **shown)
