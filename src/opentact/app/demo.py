"""`opentact demo`: the main job, watched from a customer's side.

Everything goes through the front doors: numbers, apps and flows by the REST API with the demo
account's token, events by the websocket, and the call by SIP and RTP from the simulated carrier.
"""

import asyncio
import time
from collections.abc import Awaitable
from typing import Any

import aiohttp
from rich.console import Console
from rich.markup import escape

from opentact.kit.faults import Fault
from opentact.voice.speech import SpeechEngine
from opentact.voice.voices import choose

from .simulate import Caller, CallOutcome, CallPlan

CALLER = "+12015550123"
MESSAGE = "Hello! This is the simulated carrier, leaving a message for the demo."
FLOW = """<?xml version="1.0" encoding="UTF-8"?>
<Response>
  <Say>Welcome to opentact. Press one to leave a message.</Say>
  <Gather dtmf_length="1" tag="menu">
    <DTMF value="1">
      <Say>Speak now, then press hash.</Say>
      <Record tag="message"><Pause length="8000" dtmf_stop="#"/></Record>
      <Say>You said:</Say>
      <Play record="message"/>
    </DTMF>
    <Default><Say>You pressed nothing.</Say></Default>
    <Error><Say>There is no such choice.</Say></Error>
  </Gather>
  <Say>Thank you. Goodbye.</Say>
  <Hangup tag="done"/>
</Response>
"""

_PATH = len("Gather[0]/DTMF[0]/Record[0]/Pause[0]")  # the longest path of the flow above
_STYLES = {"caller": "cyan", "flow": "green", "recording": "magenta", "call": "bold"}


class DemoFailed(Fault):
    """The demo did not go as it should; the sentence says which step, and what came instead."""

    code = "demo_failed"
    status = 500


class Demo:
    """One run of the demo against a server that listens."""

    def __init__(
        self, http: str, sip: tuple[str, int], token: str, speech: SpeechEngine, console: Console
    ) -> None:
        self._http = http
        self._sip = sip
        self._token = token
        self._speech = speech
        self._console = console
        self._began = time.monotonic()
        self._destroyed = asyncio.Event()
        self._call: str | None = None

    async def run(self) -> None:
        """Go through the whole job, or say at which step it failed."""
        headers = {"X-Auth-Token": self._token}
        async with aiohttp.ClientSession(self._http, headers=headers) as api:
            number = await self._buy(api)
            await self._attach(api, number)
            watching = await self._watch(api)
            try:
                outcome = await self._place(number)
                await self._within(self._destroyed.wait(), "the call's end")
            finally:
                watching.cancel()
                await asyncio.gather(watching, return_exceptions=True)
            await self._show(api, outcome)

    async def _buy(self, api: aiohttp.ClientSession) -> int:
        self._title("Search a number, and order it")
        wanted = {"type": "long_code", "country": "US", "state": "DC", "take": 3}
        found = (await self._ask(api, "POST", "/rest/tn/search", wanted))["data"]
        for each in found:
            place = f"{each['city'] or each['rate_center']}, {each['state']}"
            self._line("for sale", f"+{each['tn']}  {place}  {', '.join(each['features'])}")
        if not found:
            raise DemoFailed("No local number of Washington, DC is for sale")
        number = int(found[0]["tn"])
        item = {"tn": number, "features": ["voice", "sms"], "autorenew": True}
        order = await self._ask(api, "POST", "/rest/order", {"items": [item]})
        for _ in range(50):
            if order["state"] not in {"created", "verify", "processing"}:
                break
            await asyncio.sleep(0.1)
            order = await self._ask(api, "GET", f"/rest/order/{order['uuid']}")
        if order["state"] != "success":
            raise DemoFailed(f"The order of +{number} ended as {order['state']}: {order}")
        self._line("ordered", f"+{number}  {order['state']}")
        return number

    async def _attach(self, api: aiohttp.ClientSession, number: int) -> None:
        self._title("Point it at a call flow")
        app = await self._ask(api, "POST", "/rest/sip/app", {"name": "demo menu"})
        form = aiohttp.FormData()
        form.add_field("file", FLOW.encode(), filename="menu.xml", content_type="text/xml")
        async with api.post(f"/rest/sip/app/call/flow/{app['uuid']}", data=form) as answer:
            await self._payload(answer)
        lease = await self._ask(api, "GET", f"/rest/lease/tn/{number}/tn")
        add = {"add": [lease["uuid"]]}
        await self._ask(api, "POST", f"/rest/sip/app/{app['uuid']}/tnlease", add)
        self._line("app", f"{app['name']!r} answers +{number}: say, gather, record, play")

    async def _watch(self, api: aiohttp.ClientSession) -> "asyncio.Task[None]":
        socket = await api.ws_connect("/ws")
        await socket.send_json({"type": "auth", "payload": self._token})
        try:
            hello = await self._within(socket.receive_json(), "the websocket's answer")
        except (TypeError, ValueError):
            raise DemoFailed("The websocket ended, or spoke no JSON, before it answered") from None
        if hello.get("success") is False:
            raise DemoFailed(f"The websocket refused the token: {hello.get('message')}")

        async def listen() -> None:
            async for message in socket:
                self._event(message.json())

        return asyncio.create_task(listen(), name="demo events")

    async def _place(self, number: int) -> CallOutcome:
        self._title(f"Call it from the simulated carrier ({CALLER})")
        audio = await self._speech.speak(MESSAGE, choose())
        plan = CallPlan(
            caller=CALLER,
            called=str(number),
            server=self._sip,
            digits="1",
            audio=audio,
            first_key_after=2.0,
            speak_after=4.0,
            last_digits="#",
        )
        outcome = await Caller(plan, lambda words: self._line("caller", words)).run()
        if outcome.status != 200:  # noqa: PLR2004
            raise DemoFailed(f"The call was not answered: {outcome.status} {outcome.phrase}")
        return outcome

    async def _show(self, api: aiohttp.ClientSession, outcome: CallOutcome) -> None:
        self._title("What is left of it")
        call = await self._ask(api, "GET", f"/rest/call/{self._call}")
        stats = outcome.stats
        self._line("call", f"{call['from']} > +{call['to']}, {call['duration']} s")
        self._line("ended", f"{call['reason']} (Q.850 {call['q850_cause']}, {call['cause']})")
        self._line(
            "heard",
            f"{outcome.heard_seconds:.1f} s of sound by the caller,"
            f" {stats.packets_received} packets, {stats.lost} lost",
        )
        self._line("charged", f"${call['price']:.5f} for {call['billed_seconds']} s")
        account = await self._ask(api, "GET", "/rest/account")
        self._line("balance", f"${account['balance']:.5f}")
        self._link(
            "the record, for whoever holds the token", f"{self._http}/rest/call/{self._call}"
        )
        for record in call["records"]:
            seconds = record["duration"] / 1000
            self._link(f"the recording, {seconds:.1f} s, for an hour", record["url"])

    def _event(self, frame: dict[str, Any]) -> None:
        if frame["type"] == "call_state":
            self._call = frame["ref_id"]
            if frame["payload"]["state"] == "destroyed":
                self._destroyed.set()
        if (told := in_words(frame)) is not None:
            self._line(*told)

    async def _ask(
        self, api: aiohttp.ClientSession, method: str, path: str, body: object = None
    ) -> Any:
        async with api.request(method, path, json=body) as answer:
            return await self._payload(answer)

    async def _payload(self, answer: aiohttp.ClientResponse) -> Any:
        where = f"{answer.method} {answer.url.path}"
        try:
            content = await answer.json(content_type=None)
        except ValueError:
            raise DemoFailed(f"{where} answered {answer.status}, and no JSON") from None
        if not content["success"]:
            raise DemoFailed(f"{where} answered {answer.status}: {content['message']}")
        return content["payload"]

    async def _within(self, wait: Awaitable[Any], what: str) -> Any:
        try:
            return await asyncio.wait_for(wait, 10)
        except TimeoutError:
            raise DemoFailed(f"{what} did not come within 10 s") from None

    def _title(self, words: str) -> None:
        self._console.print(f"\n[bold]{words}[/]")

    def _line(self, who: str, words: str) -> None:
        since = time.monotonic() - self._began
        line = f"  [dim]{since:6.2f}[/]  [{_STYLES.get(who, 'default')}]{who:<9}[/] {escape(words)}"
        self._console.print(line, soft_wrap=True)

    def _link(self, words: str, url: str) -> None:
        self._console.print(f"  {words}:\n    {url}", soft_wrap=True, markup=False)


def in_words(frame: dict[str, Any]) -> tuple[str, str] | None:
    """Tell who an event is about and what happened; None for what the demo passes over."""
    payload = frame["payload"]
    match frame["type"]:
        case "call_state":
            return "call", payload["state"]
        case "call_flow":
            command = payload["command"]
            failed = "" if command["success"] else "FAILED: "
            return "flow", f"{command['path']:<{_PATH}}  {failed}{command['reason']}"
        case "call_record":
            return "recording", f"{payload['tag']}: {payload['state']}"
        case "balance":
            return "balance", f"${payload:.5f}"
        case _:
            return None
