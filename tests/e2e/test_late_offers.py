"""Callers without an offer, delivered to a customer's PBX: what the PBX says is what they answer.

SIPp calls and SIPp answers, with media through us and past us.
"""

import pytest

from support.live_server import Customer, Server
from support.sipp import run_sipp, sipp_server

pytestmark = pytest.mark.e2e


@pytest.mark.parametrize("media", ["Proxy Media", "Bypass Media"])
async def test_an_answer_that_comes_in_the_ack_reaches_whoever_answered(
    live: Server, alice: Customer, media: str
) -> None:
    async with sipp_server("hanging_up_callee") as pbx:
        host, port = pbx.address.split(":")
        body = {
            "name": "late",
            "ip": host,
            "port": int(port),
            "class4_egress_trunk_settings": {"media_type": media},
        }
        made = await alice.ask("POST", "/rest/sip/connection", body)
        number = await alice.order_number()
        lease = await alice.ask("GET", f"/rest/lease/tn/{number}/tn")
        path = f"/rest/sip/connection/{made['uuid']}"
        await alice.ask("POST", f"{path}/tnlease", {"add": [lease["uuid"]]})
        calls = await run_sipp("late_offer", live.sip, service=str(number))
    assert (calls.successful, calls.failed) == (1, 0), calls.errors
    assert pbx.result is not None
    assert (pbx.result.successful, pbx.result.failed) == (1, 0), pbx.result.errors
    assert (await alice.ended(number))["cause"] == "callee_hung_up"
