"""Calls as the world makes them: SIPp, baresip and the simulated carrier call a number."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from e2e.sounds import audible, seconds_of_tone, tone, tone_file
from e2e.web import Page, until, web
from opentact.app.simulate import Caller, CallOutcome, CallPlan
from support.baresip import softphone
from support.live_server import Customer, Server, customer, running_server
from support.sipp import run_sipp

AUDIO = Path(__file__).parents[1] / "data" / "audio"
MENU = """<Response>
  <Gather dtmf_length="1" tag="menu">
    <DTMF value="1"><Play>{url}/one</Play></DTMF>
    <DTMF value="2"><Play>{url}/two</Play></DTMF>
    <Error><Hangup tag="wrong key"/></Error>
  </Gather>
  <Hangup tag="done"/>
</Response>"""


async def phone_call(server: Server, number: int, folder: Path, **plan: Any) -> CallOutcome:
    """Call the number from the simulated carrier; what it hears is in `heard.wav`."""
    heard = folder / "heard.wav"
    caller = CallPlan("+12015550123", str(number), server.sip_address, heard=heard, **plan)
    return await Caller(caller).run()


def paths(record: dict[str, Any]) -> list[tuple[str, bool]]:
    return [(log["command"]["path"], log["success"]) for log in record["logs"]]


async def test_sipp_presses_a_key_and_the_flow_branches(live: Server, alice: Customer) -> None:
    with web(one=Page(tone(440), "audio/wav"), two=Page(tone(880), "audio/wav")) as site:
        number = await alice.number_with_flow(MENU.format(url=site.url))
        result = await run_sipp(
            "digits_then_wait", live.sip, service=str(number), keys={"digits": "2"}
        )
        record = await alice.ended(number)
    assert (result.successful, result.unexpected) == (1, 0)
    assert [asked.path for asked in site.asked] == ["/two"]
    assert ("Gather[0]/DTMF[1]/Play[0]", True) in paths(record)
    assert record["cause"] == "flow_hung_up"
    events = await alice.events(record["uuid"])
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    states = [event["payload"]["state"] for event in events if event["type"] == "call_state"]
    assert states == ["init", "ringing", "live", "hangup", "destroyed"]


async def test_a_softphone_hears_a_tone_presses_a_key_and_is_hung_up_on(
    live: Server, alice: Customer
) -> None:
    with web(one=Page(tone(880, 2), "audio/wav")) as site:
        number = await alice.number_with_flow(MENU.format(url=site.url))
        async with softphone() as phone:
            await phone.dial(f"sip:{number}@{live.sip}")
            await phone.wait_for("CALL_ESTABLISHED")
            await phone.press("1")
            await phone.wait_for("CALL_CLOSED")
            assert seconds_of_tone(phone.heard(), 880) >= 1.5
        record = await alice.ended(number)
    assert ("Gather[0]/DTMF[0]/Play[0]", True) in paths(record)


async def test_a_softphone_hears_speech(live: Server, alice: Customer) -> None:
    number = await alice.number_with_flow("<Response><Say>Good morning to you.</Say></Response>")
    async with softphone() as phone:
        await phone.dial(f"sip:{number}@{live.sip}")
        await phone.wait_for("CALL_ESTABLISHED")
        await phone.wait_for("CALL_CLOSED", seconds=20)
        assert audible(phone.heard()) >= 0.5
    assert (await alice.ended(number))["cause"] == "flow_ended"


async def test_a_prompt_before_the_answer_is_early_media(
    live: Server, alice: Customer, tmp_path: Path
) -> None:
    with web(early=Page(tone(660), "audio/wav")) as site:
        number = await alice.number_with_flow(
            f"<Response><Play>{site.url}/early</Play><Hangup/></Response>", auto_answer=False
        )
        outcome = await phone_call(live, number, tmp_path)
        record = await alice.ended(number)
    assert outcome.answered_after is None
    assert outcome.status == 480
    assert seconds_of_tone(tmp_path / "heard.wav", 660) >= 0.8
    assert (record["answer_on"], record["duration"], record["price"]) == (None, 0, 0)


async def test_a_recording_is_what_the_caller_said(
    live: Server, alice: Customer, tmp_path: Path
) -> None:
    number = await alice.number_with_flow(
        '<Response><Record tag="said"><Pause length="9000" dtmf_stop="#"/></Record></Response>'
    )
    said = tone_file(tmp_path, 700, 2)
    await phone_call(live, number, tmp_path, audio=said, first_key_after=0.3, last_digits="#")
    record = await alice.ended(number)
    [recording] = record["records"]
    sound = (await alice.client.get(recording["url"], headers={"X-Auth-Token": ""})).content
    assert seconds_of_tone(sound, 700) == pytest.approx(2, abs=0.3)
    assert recording["duration"] >= 2000


@pytest.mark.parametrize(
    ("file", "kind"), [("tone-44k-stereo.mp3", "audio/mpeg"), ("tone-16k-24bit.wav", "audio/wav")]
)
async def test_files_of_any_kind_are_played(
    live: Server, alice: Customer, tmp_path: Path, file: str, kind: str
) -> None:
    with web(sound=Page((AUDIO / file).read_bytes(), kind)) as site:
        flow = f'<Response><Play loop="3">{site.url}/sound</Play><Hangup/></Response>'
        number = await alice.number_with_flow(flow)
        await phone_call(live, number, tmp_path)
    assert seconds_of_tone(tmp_path / "heard.wav", 440) >= 2.5


async def test_a_parked_call_runs_what_is_posted_to_it(
    live: Server, alice: Customer, tmp_path: Path
) -> None:
    number = await alice.number_with_flow(None)
    calling = asyncio.create_task(phone_call(live, number, tmp_path))

    async def parked() -> list[dict[str, Any]]:
        return [call for call in await alice.online() if call["to"].endswith(str(number))]

    with web(posted=Page(tone(500), "audio/wav")) as site:
        [call] = await until(parked)
        await alice.run_on_call(
            call["uuid"], f"<Response><Play>{site.url}/posted</Play></Response>"
        )
        outcome = await calling
    assert outcome.status == 200
    assert seconds_of_tone(tmp_path / "heard.wav", 500) >= 0.8
    assert (await alice.ended(number))["cause"] == "flow_ended"


async def test_a_parked_call_that_nobody_wants_times_out(
    live: Server, alice: Customer, tmp_path: Path
) -> None:
    number = await alice.number_with_flow(None)
    await phone_call(live, number, tmp_path)
    assert (await alice.ended(number))["cause"] == "park_timed_out"


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_the_flow_url_is_asked_with_who_calls_whom(
    live: Server, alice: Customer, tmp_path: Path, method: str
) -> None:
    with web(flow=Page(b'<Response><Hangup tag="from url"/></Response>')) as site:
        number = await alice.number_with_flow(
            None, call_flow_url=f"{site.url}/flow?k=1", call_flow_method=method
        )
        await phone_call(live, number, tmp_path)
        record = await alice.ended(number)
    [asked] = site.requests("/flow")
    assert asked.method == method
    assert asked.query["k"] == ["1"]
    assert asked.query["from"] == ["+12015550123"]
    assert asked.query["to"] == [str(number)]
    assert (record["uuid"].encode() in asked.body) is (method == "POST")
    assert "from url" in record["reason"]


HANGS = Page(b"<Response/>", hangs=3)
FAR_AWAY = Page(status=302, headers={"Location": "http://10.255.255.1/flow"})


@pytest.mark.parametrize(
    ("page", "code"),
    [
        (Page(b"gone", "text/plain", 404), "fetch_status"),
        (Page(b"<html><body>Hello</body></html>", "text/html"), "call_flow_not_xml"),
        (Page(b"<Response>" + b" " * 10_000_000 + b"</Response>"), "fetch_too_large"),
        (HANGS, "fetch_timeout"),
        (FAR_AWAY, "fetch_refused"),
        (Page(b"<Response><Say>never closed"), "call_flow"),
        (Page(b'<!DOCTYPE r [<!ENTITY a "b">]><Response>&a;</Response>'), "call_flow"),
    ],
    ids=["404", "html", "10 MB", "hangs", "redirects inside", "broken", "entities"],
)
async def test_a_flow_url_that_fails_falls_back_and_says_why(
    live: Server, alice: Customer, tmp_path: Path, page: Page, code: str
) -> None:
    with web(flow=page) as site:
        number = await alice.number_with_flow(
            '<Response><Hangup tag="static"/></Response>',
            call_flow_url=f"{site.url}/flow",
            call_flow_request_timeout=1000,
        )
        outcome = await phone_call(live, number, tmp_path)
        record = await alice.ended(number)
    assert outcome.status == 200
    assert "static" in record["reason"]
    said = [log["response"]["reason"] for log in record["logs"] if not log["success"]]
    assert said
    assert all(code in reason for reason in said), said


async def test_without_any_flow_left_the_caller_hears_an_apology(
    live: Server, alice: Customer, tmp_path: Path
) -> None:
    with web() as site:
        number = await alice.number_with_flow(None, call_flow_url=f"{site.url}/missing")
        outcome = await phone_call(live, number, tmp_path)
        record = await alice.ended(number)
    assert outcome.heard_seconds >= 1
    assert (record["cause"], record["blame"]) == ("flow_failed", "customer")


async def test_the_same_on_postgresql(postgres_url: str, tmp_path: Path) -> None:
    flow = '<Response><Say>Hello.</Say><Gather dtmf_length="1"/><Hangup tag="bye"/></Response>'
    with running_server(tmp_path / "data", database_url=postgres_url) as server:
        async with customer(server.http, server.token) as demo:
            number = await demo.number_with_flow(flow)
            before = await demo.balance()
            outcome = await phone_call(server, number, tmp_path, digits="5")
            record = await demo.ended(number)
            paid = before - await demo.balance()
    assert outcome.heard_seconds > 0.2
    assert record["cause"] == "flow_hung_up"
    assert paid == pytest.approx(record["price"])
    assert record["price"] > 0
