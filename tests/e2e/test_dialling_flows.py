"""Flows that dial through a real server: a menu leads to a softphone, and both hear each other."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from support.baresip import Softphone, softphone
from support.live_server import Customer, Server, customer, running_server

from .sounds import channel, seconds_of_tone

PASSWORD = "correct-horse-battery"
MENU = """<Response>
  <Gather dtmf_length="1" timeout="20000">
    <DTMF value="1"><Dial record="record-from-answer" tag="talk"><To>{to}</To></Dial></DTMF>
  </Gather>
  <Record tag="after"><Pause length="2000"/></Record>
  <Hangup tag="done"/>
</Response>"""


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server of their own: what other tests did to the shared account does not matter here."""
    with running_server(tmp_path_factory.mktemp("dialling") / "data") as server:
        yield server


@pytest.fixture
async def alice(live: Server) -> AsyncIterator[Customer]:
    async with customer(live.http, live.token) as made:
        yield made


@pytest.fixture
async def bob(live: Server, alice: Customer) -> AsyncIterator[tuple[str, Softphone]]:
    """A registered softphone that speaks 1,000 Hz, and where it is called."""
    name = f"dial-{secrets.token_hex(4)}"
    domain = (await alice.ask("POST", "/rest/sip/domain", {"domain": name}))["domain"]
    path = f"/rest/sip/domain/{domain}/user"
    await alice.ask("POST", path, {"login": "bob", "password": PASSWORD})
    phone = softphone(
        user="bob", password=PASSWORD, registrar=live.sip, domain=domain, speaks="ausine,1000"
    )
    async with phone as made:
        await made.wait_for("REGISTER_OK", seconds=30)
        yield f"bob@{domain}", made


async def recording(live: Server, record: dict[str, Any], tag: str) -> bytes:
    """Fetch a recording of the call by its link."""
    [link] = [each["url"] for each in record["records"] if each["tag"] == tag]
    async with httpx.AsyncClient(base_url=live.http) as web:
        return (await web.get(link)).content


async def test_a_menu_dials_a_softphone_and_the_flow_goes_on_when_it_hangs_up(
    live: Server, alice: Customer, bob: tuple[str, Softphone]
) -> None:
    to, phone = bob
    number = await alice.number_with_flow(MENU.format(to=to))
    async with softphone(speaks="ausine,600") as caller:
        await caller.dial(f"sip:{number}@{live.sip}")
        await caller.wait_for("CALL_ESTABLISHED")
        await asyncio.sleep(0.5)
        await caller.press("1")
        await phone.wait_for("CALL_INCOMING", seconds=20)
        await phone.answer()
        await phone.wait_for("CALL_ESTABLISHED", seconds=20)
        await asyncio.sleep(3)
        await phone.hang_up()
        await caller.wait_for("CALL_CLOSED", seconds=20)
        await asyncio.sleep(1)  # the softphones write their files out
        assert seconds_of_tone(phone.heard(), 600) > 1.5
        assert seconds_of_tone(caller.heard(), 1000) > 1.5
    record = await alice.ended(number)
    assert record["cause"] == "flow_hung_up"
    both = await recording(live, record, "talk")
    assert seconds_of_tone(channel(both, 0), 600) > 1.5
    assert seconds_of_tone(channel(both, 1), 1000) > 1.5
    [peer] = await legs_of(alice, record)
    assert (peer["cause"], peer["parent"]["uuid"]) == ("callee_hung_up", record["uuid"])
    assert record["peer"] == peer["uuid"]


async def legs_of(alice: Customer, record: dict[str, Any]) -> list[dict[str, Any]]:
    """Find the legs that went out for a call."""
    found = await alice.calls(direction="out")
    return [each for each in found if (each["parent"] or {}).get("uuid") == record["uuid"]]


async def test_a_posted_flow_is_heard_by_whom_it_is_for_and_holds_the_call(
    live: Server, alice: Customer, bob: tuple[str, Softphone]
) -> None:
    to, phone = bob
    number = await alice.number_with_flow(f"<Response><Dial>{to}</Dial></Response>")
    async with softphone(speaks="ausine,600") as caller:
        await caller.dial(f"sip:{number}@{live.sip}")
        await phone.wait_for("CALL_INCOMING", seconds=20)
        await phone.answer()
        await phone.wait_for("CALL_ESTABLISHED", seconds=20)
        [call] = [
            each
            for each in await alice.online()
            if (each["tn"] or {}).get("tn") == number and each["direction"] == "in"
        ]
        tone = '<Tone hz="{}" don="2000" leg="{}"/>'
        posted = tone.format(1800, "aleg") + tone.format(2200, "bleg")
        await alice.run_on_call(call["uuid"], f"<Response>{posted}</Response>")
        await asyncio.sleep(5)
        await alice.run_on_call(call["uuid"], '<Response><Hold timeout="2000"/></Response>')
        await asyncio.sleep(4)
        await caller.hang_up()
        await phone.wait_for("CALL_CLOSED", seconds=20)
        await asyncio.sleep(1)  # the softphones write their files out
        assert seconds_of_tone(caller.heard(), 1800) > 1.5
        assert seconds_of_tone(caller.heard(), 2200) == 0
        assert seconds_of_tone(phone.heard(), 2200) > 1.5
        assert seconds_of_tone(phone.heard(), 1800) == 0
        # On hold it does not hear the caller, and afterwards it does.
        assert seconds_of_tone(phone.heard(), 600) > 1.5
    record = await alice.ended(number)
    assert record["cause"] == "caller_hung_up"


async def test_who_is_busy_leads_to_the_error_block(
    live: Server, alice: Customer, bob: tuple[str, Softphone], tmp_path: Path
) -> None:
    del tmp_path
    to, phone = bob
    flow = f'<Dial>{to}<Error><Hangup tag="nobody"/></Error></Dial>'
    number = await alice.number_with_flow(f"<Response>{flow}</Response>")
    async with softphone() as caller:
        await caller.dial(f"sip:{number}@{live.sip}")
        await phone.wait_for("CALL_INCOMING", seconds=20)
        await phone.hang_up()
        await caller.wait_for("CALL_CLOSED", seconds=20)
    record = await alice.ended(number)
    assert "nobody" in record["reason"]
    [leg] = await legs_of(alice, record)
    assert leg["cause"] in {"busy", "declined"}
