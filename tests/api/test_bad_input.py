"""What no caller should send and some will: refused in words, by every route, never a crash."""

import json
import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from support.tenancy import routes
from support.tenancy_cases import CASES
from support.world import World

ABSENT = "00000000-0000-7000-8000-000000000000"
JSON = {"content-type": "application/json"}
JUNK: list[bytes] = [
    b"",
    b"{",
    b"nonsense",
    b'{"name": "x",}',
    b"\xff\xfe\x00",
    b'"text"',
    b"null",
    b"7",
    b"[]",
    b"[1, 2]",
    b"[" * 20_000,
    b'{"a":' * 5_000 + b"1" + b"}" * 5_000,
    b'{"name": ' + b"9" * 5_000 + b"}",
    b'{"take": 1e400}',
    b'{"take": NaN}',
]
# What passes for the type that is meant, but PostgreSQL cannot store or UTF-8 cannot write.
SLY: list[Any] = ["nul \0 byte", "half \ud800 pair", 2**63]
WRONG: list[Any] = [
    None,
    True,
    -1,
    2**31,
    2**63,
    2**200,
    1.5,
    "",
    "x" * 10_000,
    [],
    [[]],
    {},
    {"a": {"b": None}},
]


def nobodys(path: str) -> str:
    """Put ids that nobody has into a path."""
    return re.sub(r"\{\w+\}", ABSENT, path)


def writes(world: World) -> Iterator[tuple[str, str]]:
    """Name every private route that may read a body, with ids that nobody has."""
    for route in routes(world.app):
        method, path = route.split(" ")
        if route in CASES and method in {"POST", "PATCH", "PUT", "DELETE"}:
            # Removing all of a kind takes no body and no id: there is nothing to get wrong.
            if path.endswith("/all"):
                continue
            yield method, nobodys(path)


def said_no(answer: httpx.Response) -> str | None:
    """Tell what is wrong with an answer that should be a refusal or a success, not a crash."""
    if answer.status_code >= 500:
        return f"{answer.status_code} {answer.text[:200]}"
    body = answer.json()
    if answer.is_success:
        return None if body["success"] is True else "no success"
    right = body["success"] is False and body["status"] == answer.status_code and body["message"]
    return None if right else answer.text[:200]


async def test_no_route_breaks_at_a_body_that_is_no_json_object(world: World) -> None:
    wrong = []
    for method, path in writes(world):
        for body in JUNK:
            answer = await world.alice.client.request(method, path, content=body, headers=JSON)
            if told := said_no(answer):
                wrong.append(f"{method} {path} {body[:20]!r}: {told}")
    assert wrong == []


def fields_of(world: World) -> dict[str, list[str]]:
    """Name the body fields of each operation, as the published description has them."""
    schema = world.app.openapi()
    found = {}
    for path, operations in schema["paths"].items():
        for method, operation in operations.items():
            content = operation.get("requestBody", {}).get("content", {})
            body = content.get("application/json", {}).get("schema", {})
            if "$ref" in body:
                body = schema["components"]["schemas"][body["$ref"].rsplit("/", 1)[-1]]
            found[f"{method.upper()} {path}"] = list(body.get("properties", {}))
    return found


async def test_no_route_breaks_at_a_field_of_the_wrong_type(world: World) -> None:
    tried, wrong = 0, []
    # SQLite keeps anything: what only PostgreSQL refuses is tried there, field by field.
    sly = SLY[2:] if world.database.is_sqlite else SLY
    for route, names in fields_of(world).items():
        method, path = route.split(" ")
        if route not in CASES:
            continue
        path = nobodys(path)
        one_wrong = [{"name": "x", name: value} for name in names for value in sly]
        all_wrong = [dict.fromkeys(names, value) for value in WRONG]
        for sent in (*one_wrong, *all_wrong):
            # Escaped, as a client's own encoder would write it: U+0000 and lone surrogates.
            body = json.dumps(sent).encode()
            answer = await world.alice.client.request(method, path, content=body, headers=JSON)
            tried += 1
            if told := said_no(answer):
                wrong.append(f"{route} {str(sent)[:60]}: {told}")
    assert wrong == []
    assert tried > 500


async def test_ids_in_the_path_are_read_or_refused(world: World) -> None:
    made = await world.alice.client.post("/rest/sip/app", json={"name": "menu"})
    uuid: str = made.json()["payload"]["uuid"]
    for there in (uuid, uuid.upper()):
        answer = await world.alice.client.get(f"/rest/sip/app/{there}")
        assert answer.json()["payload"]["uuid"] == uuid
    for odd in ("x", "%00", "%F0%9F%90%9D", "1" * 5_000, uuid[:-1], f"{uuid}0", "-1", "%ED%A0%80"):
        for route in sorted(CASES):
            method, path = route.split(" ")
            if method != "GET" or "{" not in path:
                continue
            path = f"{path[: path.index('{')]}{odd}{path[path.index('}') + 1 :]}"
            answer = await world.alice.client.get(path)
            assert said_no(answer) is None, f"{path}: {answer.text[:300]}"
            assert not answer.is_success, path


@pytest.mark.parametrize("declared", [True, False])
async def test_a_body_of_ten_megabytes_is_refused(world: World, *, declared: bool) -> None:
    megabyte = b"x" * 2**20

    # What comes first is in order: it is the size that is refused.
    first = b'--x\r\nContent-Disposition: form-data; name="file"; filename="x"\r\n\r\n'

    async def drip() -> Any:
        yield first
        for _ in range(10):
            yield megabyte

    for path, kind in (
        ("/rest/sip/app", "application/json"),
        ("/rest/sip/app", "text/xml"),
        ("/rest/lease/tn/search", "application/json"),
        (f"/rest/sip/app/call/flow/{ABSENT}", "multipart/form-data; boundary=x"),
    ):
        content = first + megabyte * 10 if declared else drip()
        answer = await world.alice.client.post(
            path, content=content, headers={"content-type": kind}
        )
        assert (answer.status_code, answer.json()["code"]) == (413, "too_large"), (path, kind)


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/xml", "image/png", "", "application/json; charset=utf-7"]
)
async def test_a_body_of_another_type_is_refused_or_read(world: World, kind: str) -> None:
    for method, path in writes(world):
        answer = await world.alice.client.request(
            method, path, content=b'{"name": "x"}', headers={"content-type": kind}
        )
        assert said_no(answer) is None, f"{method} {path}"


async def test_a_form_where_json_is_meant_is_refused_or_read(world: World) -> None:
    for method, path in writes(world):
        for how in ({"data": {"name": "x"}}, {"files": {"file": ("x", b"\0\xff")}}):
            answer = await world.alice.client.request(method, path, **how)
            assert said_no(answer) is None, f"{method} {path}"


@pytest.mark.parametrize(
    "token", ["x", "x" * 10_000, "..", "a.b.c", "eyJhbGciOiJub25lIn0.e30.", "\u00ff", "'; --"]
)
async def test_a_wrong_token_is_401_in_every_position(world: World, token: str) -> None:
    for headers, query in (
        ({"X-Auth-Token": token}, {}),
        ({"Authorization": token}, {}),
        ({"Authorization": f"Bearer {token}"}, {}),
        ({}, {"jwt": token}),
        ({}, {"bearer": token}),
    ):
        sent = {name.encode(): value.encode("latin-1") for name, value in headers.items()}
        answer = await world.anonymous.get("/rest/sip/app", headers=sent, params=query)
        assert (answer.status_code, answer.json()["code"]) == (401, "unauthorized")


@pytest.mark.parametrize("value", ["-1", "x", "", "1e3", "9" * 400, "0x10", "\0", "101"])
async def test_paging_that_cannot_be_is_refused_by_name(world: World, value: str) -> None:
    for path in ("/rest/lease/tn/search", "/rest/order/search", "/rest/call/search"):
        answer = await world.alice.client.post(path, json={}, params={"take": value})
        assert answer.status_code == 400, path
        assert "params.take" in answer.json()["fields"], path


@pytest.mark.parametrize("value", ["-1", "x", "", "9" * 400, "\0", "100001"])
async def test_pages_of_numbers_that_cannot_be_are_refused_by_name(
    world: World, value: str
) -> None:
    for name in ("page", "size", "take", "skip"):
        if (name, value) == ("page", "100001"):
            continue  # with a size of 1 the last there is
        answer = await world.alice.client.post("/rest/tn/search", json={}, params={name: value})
        assert answer.status_code == 400, (name, answer.text)
        assert f"params.{name}" in answer.json()["fields"], name


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"order": {"account_uuid": "ASC"}}, "order"),
        ({"order": {"created_on": "sideways"}}, "order"),
        ({"mode": "XOR"}, "mode"),
        ({"created_on_from": "0001-01-01T00:00:00+14:00"}, "created_on_from"),
        ({"created_on_to": "9999-12-31T23:59:59-14:00"}, "created_on_to"),
        ({"created_on_to": "yesterday"}, "created_on_to"),
        ({"created_on_from": 10**20}, "created_on_from"),
        ({"tn_skip": ["1"] * 1001}, "tn_skip"),
        ({"tn": "1" * 256}, "tn"),
        ({"tn": "1\0"}, "tn"),
        ({"tn_skip": ["\ud800"]}, "tn_skip"),
        ({"skip": 2**63}, "skip"),
        ({"take": 0}, "take"),
    ],
)
async def test_a_search_that_cannot_be_is_refused_by_name(
    world: World, body: Any, field: str
) -> None:
    answer = await world.alice.client.post(
        "/rest/lease/tn/search", content=json.dumps(body), headers=JSON
    )
    assert answer.status_code == 400, answer.text
    assert [name.split(".")[1] for name in answer.json()["fields"]] == [field]


@pytest.mark.parametrize(
    "body",
    [
        {"created_on_from": "0001-01-01"},
        {"created_on_to": "9999-12-31T23:59:59.999999Z"},
        {"created_on_from": "2024-01-01T00:00:00", "created_on_to": "2024-01-01T00:00:00+05:30"},
        {"tn_skip": ["1"] * 1000},
        {"skip": 2**31 - 1},
    ],
)
async def test_a_search_at_the_edge_of_what_can_be_is_answered(world: World, body: Any) -> None:
    answer = await world.alice.client.post("/rest/lease/tn/search", json=body)
    assert answer.status_code == 200, answer.text
    assert answer.json()["payload"]["data"] == []


async def test_a_failure_of_ours_is_said_by_its_id_only(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        raise ZeroDivisionError("a secret of the inside")

    monkeypatch.setattr(world.services.clock, "now", fail)
    sent = {"X-Request-Id": "my-request-17"}
    answer = await world.alice.client.post("/rest/token", json={"name": "x"}, headers=sent)
    assert answer.status_code == 500
    assert answer.headers["x-request-id"] == answer.json()["request_id"] == "my-request-17"
    assert "secret" not in answer.text
    assert "my-request-17" in answer.json()["message"]
