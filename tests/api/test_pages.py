import re

import pytest

from opentact.api.documents import rendered, shown_at
from opentact.api.pages import wants_html
from support.happenings import change_balance
from support.websocket import connected
from support.world import World, build_world

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


async def test_llms_txt_is_plain(world: World) -> None:
    answer = await world.anonymous.get("/llms.txt")
    assert answer.text.startswith("# opentact\n")
    assert answer.headers["content-type"].startswith("text/plain")


@pytest.mark.parametrize(
    ("href", "shown"),
    [
        ("../reference/verbs.md#say", "/docs/reference/verbs#say"),
        ("events.md", "/docs/guide/events"),
        ("#here", "#here"),
        ("https://example.com/a.md", "https://example.com/a.md"),
        ("../decisions/0001-x.md", "../decisions/0001-x.md"),
        ("../../../../etc/x.md", "../../../../etc/x.md"),
    ],
)
def test_links_between_pages_lead_to_where_they_are_shown(href: str, shown: str) -> None:
    assert shown_at(href, "guide/calls.md") == shown


def test_headings_get_anchors_that_are_unique() -> None:
    page = rendered("# A `b_c`, d!\n\n## Same\n\n## Same\n\n[x](calls.md)", "guide/x.md")
    assert re.findall(r'id="([^"]*)"', page) == ["a-b_c-d", "same", "same-1"]
    assert '<a href="/docs/guide/calls">' in page


async def test_health_asks_every_part(database_url: str) -> None:
    async def well() -> None: ...

    async def ill() -> None:
        raise OSError("host db.internal refused")

    async with build_world(database_url, pings={"database": well, "sip": well}) as world:
        answer = await world.anonymous.get("/health")
        assert (answer.status_code, answer.json()["success"]) == (200, True)
        assert set(answer.json()["payload"]) == {"database", "sip"}
        world.services.pings["media"] = ill
        answer = await world.anonymous.get("/health")
        assert (answer.status_code, answer.json()["success"]) == (503, False)
        assert answer.json()["payload"]["sip"]["ok"] is True
        assert answer.json()["payload"]["media"]["code"] == "OSError"
        assert "db.internal" not in answer.text


async def test_metrics_count_requests_sockets_and_events(world: World) -> None:
    await world.alice.client.get(f"/rest/event/subscription/{world.alice.user}")
    await world.anonymous.get("/whatever/strangers/ask")
    await change_balance(world, world.alice, 1, 2)
    async with connected(world.app) as client:
        await client.authenticate(world.alice.token)
        text = (await world.anonymous.get("/metrics")).text
    route = 'method="GET",route="/rest/event/subscription/{uuid}",status="404"'
    for line in (
        f"opentact_http_requests_total{{{route}}} 1.0",
        'opentact_http_requests_total{method="GET",route="none",status="404"} 1.0',
        "opentact_websockets 1.0",
        'opentact_events_total{type="balance"} 2.0',
    ):
        assert line in text.splitlines()
