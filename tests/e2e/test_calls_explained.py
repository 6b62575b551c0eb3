"""Real calls explain themselves: the timeline, what `opentact call show` prints, and the doctor."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from opentact.app.simulate import Caller, CallOutcome, CallPlan
from support.command import command
from support.live_server import Customer, Server
from support.peers import MEDIA_FIRST, MEDIA_LAST

from .bare_phone import BarePhone, bare_phone

PRIVATE = "10.0.0.5"
# The caller is answered when Bob is, so that all times count from there.
FLOW = """<Response>
  <Dial>
    <To>{}</To>
  </Dial>
</Response>"""


@pytest.fixture
async def bob(live: Server, alice: Customer) -> AsyncIterator[BarePhone]:
    async with bare_phone(live, alice) as phone:
        yield phone


async def calling(live: Server, number: int, **plan: Any) -> CallOutcome:
    ports = (MEDIA_FIRST, MEDIA_LAST)
    called = CallPlan("+12015550123", str(number), live.sip_address, media_ports=ports, **plan)
    return await Caller(called).run()


async def explained(alice: Customer, number: int) -> dict[str, Any]:
    """Wait for the end of the one call to the number, and give its timeline."""
    record = await alice.ended(number)
    async with asyncio.timeout(20):
        while True:
            told: dict[str, Any] = await alice.ask("GET", f"/rest/call/{record['uuid']}/timeline")
            if told["complete"]:
                return told
            await asyncio.sleep(0.1)


def printed(live: Server, uuid: str) -> list[str]:
    """Give what `opentact call show` prints."""
    shown = command(live.folder.parent, "call", "show", uuid, http=live.http, sip=live.sip)
    assert shown.returncode == 0, shown.stderr
    return shown.stdout.splitlines()


def of_kind(told: dict[str, Any], kind: str, leg: str | None = None) -> list[dict[str, Any]]:
    found = [each for each in told["moments"] if each["kind"] == kind]
    return [each for each in found if leg is None or each["leg"] == leg]


def named(message: dict[str, Any]) -> str:
    """Name a message, whether it has a description or not."""
    return str(message["name"]).removesuffix(" (SDP)")


async def bridged(
    live: Server, alice: Customer, bob: BarePhone, **plan: Any
) -> tuple[int, CallOutcome]:
    """Call a number whose flow dials Bob, who answers with sound; gives the number."""
    number = await alice.number_with_flow(FLOW.format(bob.address), auto_answer=False)
    call = asyncio.create_task(calling(live, number, **plan))
    leg = await bob.rings()
    await bob.answer(leg)
    await bob.ended(leg)
    return number, await call


async def test_a_bridged_call_is_told_in_order_on_both_legs(
    live: Server, alice: Customer, bob: BarePhone
) -> None:
    number, outcome = await bridged(live, alice, bob, seconds=3.5, digits="7", first_key_after=1.5)
    assert outcome.ended_by == "the caller hung up"
    told = await explained(alice, number)
    first, second = (leg["uuid"] for leg in told["legs"])
    offsets = [each["offset_ms"] for each in told["moments"]]
    assert offsets == sorted(offsets)
    for leg, ways in ((first, ("in", "out")), (second, ("out", "in"))):
        said = [(each["direction"], named(each)) for each in of_kind(told, "sip", leg)]
        there, back = ways
        ok = (back, "200 OK")
        wanted = [(there, "INVITE"), ok, (there, "ACK"), (there, "BYE"), ok]
        assert [each for each in said if each in wanted] == wanted, said
    verbs = [each["text"] for each in of_kind(told, "flow")]
    assert any(each.startswith("<Dial> (line 2)") for each in verbs), verbs
    assert [(each["digit"], each["leg"]) for each in of_kind(told, "digit")] == [("7", first)]
    came = {"latched", "first_rtp"}
    heard = {each["leg"] for each in of_kind(told, "media") if each.get("fact") in came}
    assert heard == {first, second}
    assert "to blame" not in of_kind(told, "end", first)[0]["text"]
    assert (told["cause"], told["findings"]) == ("caller_hung_up", [])


async def test_the_command_line_draws_the_same_call(
    live: Server, alice: Customer, bob: BarePhone
) -> None:
    number, _ = await bridged(live, alice, bob, seconds=2.5, digits="7", first_key_after=1.0)
    told = await explained(alice, number)
    lines = await asyncio.to_thread(printed, live, told["legs"][0]["uuid"])
    assert lines[0].startswith(f"+12015550123 > {number}, began ")
    assert "opentact" in lines[1]
    arrows = [line for line in lines if "INVITE" in line]
    assert len(arrows) == 2, lines
    # The caller stands left of us, Bob to the right.
    assert arrows[0].index("|") < arrows[1].index("INVITE")
    assert all("->" in line for line in arrows)
    assert any("The key 7 was pressed, as a telephone event" in line for line in lines)
    assert any("<Dial> (line 2)" in line for line in lines)
    assert lines[-1].startswith("Ended: ")
    assert not [line for line in lines if line.startswith("!")]
    events = await alice.events(told["legs"][0]["uuid"])
    links = {each["call"]["debug_url"] for each in events if "call" in each}
    assert len(links) == 1, links
    async with httpx.AsyncClient() as anybody:
        page = await anybody.get(links.pop())
    assert page.status_code == 200
    assert "The key 7 was pressed" in page.text


async def test_one_way_audio_is_named_with_the_one_setting_to_change(
    live: Server, alice: Customer, bob: BarePhone
) -> None:
    number = await alice.number_with_flow(FLOW.format(bob.address), auto_answer=False)
    call = asyncio.create_task(calling(live, number, seconds=6.5))
    leg = await bob.rings()
    bob.answer_from(leg, PRIVATE)
    await bob.ended(leg)
    assert (await call).ended_by == "the caller hung up"
    told = await explained(alice, number)
    second = told["legs"][1]["uuid"]
    [finding] = [each for each in told["findings"] if each["code"] == "one_way"]
    assert (finding["leg"], finding["where"]) == (second, "the other phone, PBX or carrier")
    assert finding["text"].startswith("Nothing was ever heard from the other side: no RTP for")
    assert f"the private address {PRIVATE} into its SDP" in finding["text"]
    assert finding["setting"].startswith("its public address")
    facts = {each.get("fact") for each in of_kind(told, "media", second)}
    assert {"one_way", "private_address"} <= facts
    lines = await asyncio.to_thread(printed, live, told["legs"][0]["uuid"])
    marked = f"! {finding['text']} Change: {finding['setting']} ({finding['where']})"
    assert marked in lines
