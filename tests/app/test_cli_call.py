import asyncio
import json
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from typer.testing import CliRunner, Result

from opentact.api.wire.timelines import TimelineOut, timeline_out
from opentact.app.cli_call import call_app
from opentact.voice.timeline.rows import kept
from opentact.voice.timeline.story import Material
from opentact.voice.timeline.traces import Traces
from support.samples import AT
from support.tracing import card, ended, traced

CALL = "018dc757-0000-7000-8000-000000000020"


def timeline(*, raw: bool) -> TimelineOut:
    traces = Traces(AT.timestamp)
    call = card(**ended(cause="no_ack", reason="Our answer was never acknowledged", blame="caller"))
    traced(traces, call)
    trace = traces.of(call.call.uuid)
    assert trace is not None
    return timeline_out(Material([call.call], kept=kept(trace)), raw=raw)


async def said(*arguments: str) -> Result:
    """Run the command against a server that knows one call."""

    async def tell(request: web.Request) -> web.Response:
        return web.json_response({"payload": timeline(raw=request.query["raw"] == "true")})

    async def search(request: web.Request) -> web.Response:
        call: dict[str, Any] = {"uuid": CALL, "created_on": "2024-02-20T16:41:44.795Z"}
        call |= {"from": "+12015550123", "to": "12015550100", "duration": 7, "state": "destroyed"}
        call["reason"] = f"The {(await request.json())['take']} caller hung up"
        return web.json_response({"payload": {"data": [call]}})

    app = web.Application()
    app.router.add_get(f"/rest/call/{CALL}/timeline", tell)
    app.router.add_post("/rest/call/search", search)
    async with TestServer(app) as server:
        asked = [*arguments, "--token", "abc", "--http", f"127.0.0.1:{server.port}"]
        wide = {"COLUMNS": "200"}
        return await asyncio.to_thread(CliRunner().invoke, call_app, asked, env=wide)


async def test_a_call_is_shown_as_a_ladder_with_its_findings_and_its_end() -> None:
    result = await said("show", CALL)
    assert result.exit_code == 0, result.output
    assert "--- INVITE (SDP) --->|" in result.output
    assert "The key 5 was pressed" in result.output
    assert "Change: OPENTACT_SIP_ADVERTISE (this server)" in result.output
    assert "Ended: Our answer was never acknowledged. To blame: caller" in result.output
    assert "Via: SIP/2.0/UDP" not in result.output


async def test_whole_messages_are_shown_when_asked_for() -> None:
    result = await said("show", CALL, "--raw")
    assert "            Via: SIP/2.0/UDP x;branch=z9hG4bK1" in result.output


async def test_programs_get_json() -> None:
    result = await said("show", CALL, "--json")
    assert json.loads(result.output)["cause"] == "no_ack"


async def test_the_newest_calls_are_listed_with_why_they_ended() -> None:
    result = await said("list", "--take", "3")
    assert CALL in result.output
    assert "The 3 caller hung up" in result.output


@pytest.mark.parametrize("arguments", [["show", "no-uuid"], ["list", "--take", "0"]])
async def test_a_wrong_argument_is_named(arguments: list[str]) -> None:
    assert (await said(*arguments)).exit_code == 2
