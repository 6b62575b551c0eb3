import re

import pytest

from opentact.api.pages import wants_html
from support.world import World

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"


async def html(world: World, path: str) -> str:
    answer = await world.anonymous.get(path, headers={"Accept": BROWSER})
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "default-src 'self'" in answer.headers["content-security-policy"]
    return answer.text


@pytest.mark.parametrize(
    ("accept", "wants"),
    [
        (BROWSER, True),
        ("*/*", False),
        ("", False),
        ("application/json", False),
        ("application/json, text/html;q=0.5", False),
        ("application/json;q=0.1, text/html;q=0.5", True),
        ("text/html;q=0", False),
        ("text/html;q=much", False),
        (",;=,,", False),
    ],
)
def test_a_browser_gets_a_page_and_a_program_gets_json(accept: str, *, wants: bool) -> None:
    assert wants_html(accept) is wants


async def test_the_first_page_says_what_this_is_and_what_to_do_next(world: World) -> None:
    page = await html(world, "/")
    for said in ("It runs", "/docs/guide", "/rest/tn/search", "X-Auth-Token: $TOKEN", "/ws"):
        assert said in page


async def test_a_program_is_told_the_same_in_json(world: World) -> None:
    answer = await world.anonymous.get("/", headers={"Accept": "*/*"})
    summary = answer.json()["payload"]
    assert (summary["name"], summary["events"]) == ("opentact", "ws://127.0.0.1:8080/ws")
    assert answer.headers["vary"] == "Accept"


async def test_every_link_of_every_page_leads_somewhere_on_this_server(world: World) -> None:
    waiting, seen = ["/", "/docs"], set[str]()
    while waiting:
        path = waiting.pop()
        seen.add(path)
        answer = await world.anonymous.get(path, headers={"Accept": BROWSER})
        # A part of the test's own world may be unwell; the page itself must be there.
        assert answer.status_code == 200, path
        if not answer.headers["content-type"].startswith("text/html"):
            continue
        for link in re.findall(r'(?:href|src)="([^"]+)"', answer.text):
            assert link.startswith(("/", "#", "data:")), f"{path} leads away, to {link}"
            there = link.partition("#")[0]
            if there.startswith("/") and there not in seen and there not in waiting:
                waiting.append(there)
    assert {"/docs/errors", "/docs/guide/events", "/docs/assets/swagger-ui-bundle.js"} <= seen


async def test_the_doc_url_of_a_refusal_leads_to_its_code(world: World) -> None:
    refusal = (await world.anonymous.get("/rest/user")).json()
    path, _, anchor = refusal["doc_url"].partition("#")
    assert f'id="{anchor}"' in await html(world, path)


async def test_the_reference_loads_nothing_from_elsewhere(world: World) -> None:
    page = await html(world, "/docs")
    assert "http://" not in page
    assert "https://" not in page
    script = await world.anonymous.get("/docs/assets/swagger-ui-bundle.js")
    assert script.headers["content-type"].startswith("text/javascript")
    assert len(script.content) > 500_000


@pytest.mark.parametrize(
    "path",
    [
        "/docs/assets/nothing.js",
        "/docs/assets/..%2fpages.py",
        "/docs/guide/nothing",
        "/docs/nothing/errors",
        "/docs/guide/..%2f..%2fdecisions%2f0001",
        "/docs/decisions/0001-decisions-are-written-down",
    ],
)
async def test_what_is_no_page_is_404(world: World, path: str) -> None:
    assert (await world.anonymous.get(path)).status_code == 404


async def test_a_link_with_md_leads_to_the_page(world: World) -> None:
    answer = await world.anonymous.get("/docs/guide/events.md")
    assert (answer.status_code, answer.headers["location"]) == (308, "/docs/guide/events")


async def test_the_examples_of_events_are_served(world: World) -> None:
    shown = await world.anonymous.get("/docs/events/call_state.destroyed.json")
    assert shown.headers["content-type"] == "application/json"
    assert shown.json()["payload"]["state"] == "destroyed"
    assert (await world.anonymous.get("/docs/events/nothing.json")).status_code == 404


async def test_the_description_says_which_routes_need_a_login(world: World) -> None:
    paths = (await world.anonymous.get("/openapi.json")).json()["paths"]
    open_ = {
        f"{method.upper()} {path}"
        for path, operations in paths.items()
        for method, operation in operations.items()
        if "security" not in operation
    }
    assert {"POST /rest/user", "GET /health"} <= open_
    # Everything else that strangers may ask for is signed, or the same for everybody.
    assert open_ <= {
        "POST /rest/user",
        "GET /health",
        "GET /metrics",
        "GET /rest/record/{uuid}/file",
        "GET /rest/app/invite/{token}",
        "POST /rest/app/invite/{token}",
    }


async def test_the_description_calls_each_route_by_what_it_does(world: World) -> None:
    paths = (await world.anonymous.get("/openapi.json")).json()["paths"]
    order = paths["/rest/order"]["post"]
    assert order["summary"] == "Order numbers"
    for operations in paths.values():
        for operation in operations.values():
            assert " " in operation["summary"], operation["operationId"]


async def test_llms_txt_is_plain(world: World) -> None:
    answer = await world.anonymous.get("/llms.txt")
    assert answer.text.startswith("# opentact\n")
    assert answer.headers["content-type"].startswith("text/plain")
