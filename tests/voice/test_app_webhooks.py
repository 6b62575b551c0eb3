import asyncio
from typing import Any
from uuid import UUID

import orjson
import pytest

from opentact.events.log import Logged
from opentact.kit.faults import Fault
from opentact.kit.ids import new_id
from opentact.voice.app_webhooks import AppWebhooks

ACCOUNT, CALL = UUID(int=1), UUID(int=2)


class Web:
    """Keeps what it is asked; fails as often as `faults` says."""

    def __init__(self, faults: int = 0) -> None:
        self.faults = faults
        self.asked: list[tuple[str, str, dict[str, str], Any]] = []

    async def fetch(self, method: str, url: str, **how: Any) -> Any:
        await asyncio.sleep(0)
        self.asked.append((method, url, dict(how["params"]), how["json"]))
        if self.faults:
            self.faults -= 1
            raise Fault("nobody there")


async def entity(account: UUID, call: UUID) -> dict[str, Any]:
    await asyncio.sleep(0)
    return {"uuid": str(call), "account": str(account), "state": "destroyed", "price": 0.5}


def event(state: str, method: str = "GET", type_: str = "call_state", **app: Any) -> Logged:
    app = {
        "webhook_url": "http://app.example/hook",
        "webhook_method": method,
        "webhook_request_timeout": 500,
        **app,
    }
    call = {"uuid": str(CALL), "state": state, "from": "+1202", "to": "1303"}
    frame = orjson.dumps({"call": {**call, "sip_control_app": app}}).decode()
    return Logged(new_id(), ACCOUNT, 1, type_, CALL, frame)


async def told(web: Web, *events: Logged) -> Web:
    hooks = AppWebhooks(web, entity, pause_s=0.0)
    for each in events:
        hooks.published([each])
    async with asyncio.timeout(5):
        while hooks._tasks:
            await asyncio.wait(hooks._tasks)
    assert hooks.untold == 0
    return web


async def test_an_app_is_told_each_state_in_order() -> None:
    web = await told(Web(), event("init"), event("ringing"), event("live"))
    assert [asked[2]["state"] for asked in web.asked] == ["init", "ringing", "live"]
    assert web.asked[0] == (
        "GET",
        "http://app.example/hook",
        {"state": "init", "from": "+1202", "to": "1303"},
        None,
    )


async def test_with_post_the_whole_call_is_the_body_as_the_event_saw_it() -> None:
    (asked,) = (await told(Web(), event("live", "POST"))).asked
    assert (asked[0], asked[3]["state"], asked[3]["price"]) == ("POST", "live", 0.5)


@pytest.mark.parametrize(("faults", "requests"), [(0, 1), (1, 2), (2, 2)])
async def test_what_fails_is_told_once_more_and_then_given_up(faults: int, requests: int) -> None:
    assert len((await told(Web(faults), event("live"))).asked) == requests


async def test_a_failure_keeps_the_order() -> None:
    web = await told(Web(1), event("init"), event("live"))
    assert [asked[2]["state"] for asked in web.asked] == ["init", "init", "live"]


async def test_apps_without_a_webhook_and_other_events_tell_nobody() -> None:
    web = await told(Web(), event("live", webhook_url=None), event("live", type_="call_flow"))
    assert web.asked == []


async def test_what_is_untold_at_the_end_is_given_up() -> None:
    hooks = AppWebhooks(Web(9), entity, grace_s=0.0)
    hooks.published([event("live")])
    await asyncio.sleep(0)
    await hooks.close()
    assert hooks.untold == 0
