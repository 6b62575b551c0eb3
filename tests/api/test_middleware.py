"""What happens to every request before and after its route."""

from typing import Any

import pytest
from starlette.types import Receive, Scope, Send

from opentact.api.middleware import BodyLimit, RequestId
from support.world import World


@pytest.mark.parametrize("name", ["abcd-1234", "A.b_c-d9", "x" * 64])
async def test_a_sane_request_id_is_kept(world: World, name: str) -> None:
    answer = await world.anonymous.get("/rest/user", headers={"X-Request-Id": name})
    assert answer.headers["x-request-id"] == answer.json()["request_id"] == name


@pytest.mark.parametrize("name", ["", "short", "x" * 65, "has spaces in it", "<script>alert"])
async def test_another_one_is_replaced(world: World, name: str) -> None:
    answer = await world.anonymous.get("/rest/user", headers={"X-Request-Id": name})
    assert answer.headers["x-request-id"] not in {"", name}
    assert answer.headers["x-request-id"] == answer.json()["request_id"]


async def test_two_requests_have_two_ids(world: World) -> None:
    one, two = [await world.anonymous.get("/health") for _ in range(2)]
    assert one.headers["x-request-id"] != two.headers["x-request-id"]


async def test_a_browser_guesses_no_types_and_frames_no_pages(world: World) -> None:
    for path in ("/rest/user", "/docs"):
        answer = await world.alice.client.get(path)
        assert answer.headers["x-content-type-options"] == "nosniff", path
        assert answer.headers["x-frame-options"] == "DENY", path


async def test_another_sites_page_may_not_ask(world: World) -> None:
    asked = await world.alice.client.options(
        "/rest/user",
        headers={"Origin": "https://evil.example", "Access-Control-Request-Method": "GET"},
    )
    got = await world.alice.client.get("/rest/user", headers={"Origin": "https://evil.example"})
    for answer in (asked, got):
        assert "access-control-allow-origin" not in answer.headers


async def heard(app: Any, *parts: bytes, headers: Any = ()) -> list[Any]:
    """Call an ASGI app with a body in parts; give what it sent."""
    incoming = [{"type": "http.request", "body": part, "more_body": True} for part in parts]
    sent: list[Any] = []

    async def receive() -> Any:
        return incoming.pop(0)

    async def send(message: Any) -> None:
        sent.append(message)

    await app({"type": "http", "method": "POST", "path": "/x", "headers": headers}, receive, send)
    return sent


async def test_a_body_that_says_it_is_too_large_is_not_read() -> None:
    async def never(scope: Scope, receive: Receive, send: Send) -> None:
        pytest.fail("it was read")

    headers = [(b"content-length", b"11")]
    start, _ = await heard(BodyLimit(never, most=10), headers=headers)
    assert start["status"] == 413


async def test_a_failure_after_the_answer_began_is_not_answered_twice() -> None:
    async def breaks(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await heard(RequestId(breaks))


async def test_what_is_no_request_passes_untouched() -> None:
    seen: list[str] = []

    async def sees(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(scope["type"])

    async def nothing(*_: Any) -> Any:
        return None

    for kind in ("lifespan", "websocket"):
        await RequestId(BodyLimit(sees))({"type": kind}, nothing, nothing)
    assert seen == ["lifespan", "websocket"]
