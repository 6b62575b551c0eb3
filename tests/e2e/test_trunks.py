"""Trunks of a whole server: PBXs that log in and call out, targets that fail, carriers added."""

import asyncio
import json
import secrets
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from e2e.web import until as happens
from opentact.adapters.sip.endpoint import SipEndpoint
from opentact.adapters.sip.legs import OutgoingLeg
from opentact.voice.sip.digest import Credentials
from opentact.voice.sip.effects import ENDS, Answered, LegEvent, Refused
from opentact.voice.sip.machine import Address
from support.command import command as run
from support.live_server import Customer, Server, customer, running_server
from support.peers import LOOPBACK
from support.sipp import run_sipp, sipp_server

pytestmark = pytest.mark.e2e

Rows = list[dict[str, Any]]

SDP = (
    b"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
    b"m=audio 20000 RTP/AVP 0\r\n"
)
FAR = "+12125550142"  # the simulated carrier answers, and plays a tone


@pytest.fixture(scope="module")
def aloof(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that takes calls from nobody on this machine who does not say who it is."""
    folder = tmp_path_factory.mktemp("aloof") / "data"
    with running_server(folder, carriers="192.0.2.0/24") as server:
        yield server


@pytest.fixture
async def carol(aloof: Server) -> AsyncIterator[Customer]:
    async with customer(aloof.http, aloof.token) as demo:
        yield demo


@asynccontextmanager
async def phone() -> AsyncIterator[SipEndpoint]:
    endpoint = await SipEndpoint.open(LOOPBACK, 0, on_call=lambda leg: leg.reject(480))
    try:
        yield endpoint
    finally:
        await endpoint.close()


async def outcome(
    phone: SipEndpoint, server: Server, called: str, credentials: Credentials | None = None
) -> LegEvent:
    """Call, and give the answer or the end; an answered call is hung up at once."""
    target = f"sip:{called}@{server.sip}"
    leg = phone.call(
        target, to=target, caller=f"sip:pbx@{LOOPBACK}", sdp=SDP, credentials=credentials
    )
    async with asyncio.timeout(20):
        while not isinstance(event := await leg.events.get(), (Answered, *ENDS)):
            pass
    leg.hangup()
    return event


async def connection(who: Customer, **values: Any) -> dict[str, Any]:
    usual = {"name": "pbx", "ip": "198.51.100.250", "port": 5060}
    made: dict[str, Any] = await who.ask("POST", "/rest/sip/connection", {**usual, **values})
    return made


async def test_a_pbx_logs_in_and_calls_out_by_the_simulated_carrier(
    aloof: Server, carol: Customer
) -> None:
    async with phone() as pbx:
        assert await outcome(pbx, aloof, FAR) == Refused(403, "Forbidden")
        number = await carol.order_number()
        shown = {"tn_lease": (await carol.ask("GET", f"/rest/lease/tn/{number}/tn"))["uuid"]}
        profile = await carol.ask("POST", "/rest/profile/outbound_voice", {"name": "out", **shown})
        await connection(
            carol,
            inbound_username="pbx7",
            inbound_password="correct",
            outbound_voice_profile=profile["uuid"],
        )
        stranger = await outcome(pbx, aloof, FAR)
        guess = await outcome(pbx, aloof, FAR, Credentials("pbx7", "guess"))
        assert [getattr(each, "status", None) for each in (stranger, guess)] == [407, 407]
        answered = await outcome(pbx, aloof, FAR, Credentials("pbx7", "correct"))
        assert isinstance(answered, Answered), answered


async def test_a_target_that_fails_calls_is_passed_over_then_down_and_told(
    live: Server, alice: Customer
) -> None:
    async with sipp_server("unavailable") as first, sipp_server("callee") as second:
        (host, port), (other, backup) = (each.address.split(":") for each in (first, second))
        made = await connection(
            alice, ip=host, port=int(port), targets=[{"host": other, "port": int(backup)}]
        )
        number = await alice.order_number()
        lease = await alice.ask("GET", f"/rest/lease/tn/{number}/tn")
        path = f"/rest/sip/connection/{made['uuid']}"
        await alice.ask("POST", f"{path}/tnlease", {"add": [lease["uuid"]]})
        calls = await run_sipp("caller", live.sip, calls=4, rate=2, service=str(number))
        shown = await alice.ask("GET", path)
    assert (calls.successful, calls.failed) == (4, 0), await alice.calls(tn=number)
    assert [each["state"] for each in shown["targets"]] == ["down", "up"]
    assert shown["targets"][0]["reason"] == "503 to a call, the 3rd failure in a row"
    assert second.result is not None
    assert second.result.successful == 4
    assert await trunk_states(alice, made["uuid"]) == [("unknown", "down")]


@pytest.mark.parametrize(("word", "successful"), [("secret", 1), ("guess", 0)])
async def test_a_carrier_that_asks_for_a_digest_gets_it(
    live: Server, alice: Customer, word: str, successful: int
) -> None:
    async with sipp_server("challenging_callee") as asking:
        host, port = asking.address.split(":")
        made = await connection(alice, ip=host, port=int(port), username="bob", password=word)
        number = await alice.order_number()
        lease = await alice.ask("GET", f"/rest/lease/tn/{number}/tn")
        path = f"/rest/sip/connection/{made['uuid']}"
        await alice.ask("POST", f"{path}/tnlease", {"add": [lease["uuid"]]})
        calls = await run_sipp("caller", live.sip, service=str(number))
        [target] = (await alice.ask("GET", path))["targets"]
    assert calls.successful == successful, await alice.calls(tn=number)
    assert target["reason"] == ("200 to a call" if successful else "403 to a call")


async def trunk_states(who: Customer, trunk: str) -> list[tuple[str, str]]:
    frames = [each for each in await who.events(trunk) if each["type"] == "trunk_state"]
    return [(each["payload"]["from"], each["payload"]["to"]) for each in frames]


async def test_an_operators_carrier_is_taken_up_while_the_server_runs(aloof: Server) -> None:
    async with sipp_server("callee") as carrier:
        words = ["--target", carrier.address, "--prefix", "44", "--options", "0"]
        added = run(aloof.folder.parent, "carrier", "add", "acme", *words)
        assert added.returncode == 0, added.stderr
        await until(lambda rows: "acme" in {row["trunk"] for row in rows}, aloof)
    assert run(aloof.folder.parent, "carrier", "remove", "acme").returncode == 0
    rows = await until(lambda rows: "acme" not in {row["trunk"] for row in rows}, aloof)
    assert [row["trunk"] for row in rows if row["kind"] == "carrier"] == ["dev"]


async def until(done: Callable[[Rows], bool], server: Server) -> Rows:
    """Look at the trunks until they are as wanted."""
    kept = json.loads((server.folder / "credentials.json").read_text())["admin"]
    async with (
        asyncio.timeout(10),
        httpx.AsyncClient(auth=(kept["email"], kept["password"])) as admin,
    ):
        while True:
            answer = await admin.get(f"http://{server.http}/rest/admin/inspect/trunks")
            rows: Rows = answer.json()["payload"]
            if done(rows):
                return rows
            await asyncio.sleep(0.1)


async def test_a_switch_calls_a_user_of_its_domain(carol: Customer, aloof: Server) -> None:
    name = f"switched-{secrets.token_hex(4)}"
    domain = (await carol.ask("POST", "/rest/sip/domain", {"domain": name}))["domain"]
    path = f"/rest/sip/domain/{domain}"
    # An address of its own: all that comes from there is the switch's, also of other tests.
    await carol.ask("POST", f"{path}/switch", {"name": "office", "remote_ip": "127.0.0.9"})
    await carol.ask("POST", f"{path}/user", {"login": "bob", "password": "correct-horse-battery"})
    switch = await SipEndpoint.open("127.0.0.9", 0, on_call=lambda leg: leg.reject(480))
    uri = f"sip:bob@{domain}"

    async def offline() -> bool:
        # A stranger's 403 until the server has taken the switch up, within a second or so.
        leg = switch.call(
            uri, to=uri, caller=f"sip:12025550177@{LOOPBACK}", sdp=SDP, destination=place(aloof)
        )
        return isinstance(end := await ended(leg), Refused) and end.status == 480

    await happens(offline)
    await switch.close()

    async def records() -> Rows:
        return [each for each in await carol.calls(to="bob") if each["cause"] == "callee_offline"]

    assert await happens(records)


def place(server: Server) -> Address:
    """Tell where a server takes calls."""
    return Address(*server.sip_address)


async def ended(leg: OutgoingLeg) -> LegEvent:
    """Wait for the end of a call."""
    async with asyncio.timeout(20):
        while not isinstance(event := await leg.events.get(), ENDS):
            pass
    return event
