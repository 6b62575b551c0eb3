"""What no caller should send and some will: refused in words, by every route, never a crash."""

import json
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


def writes(world: World) -> Iterator[tuple[str, str]]:
    """Name every private route that may read a body, with ids that nobody has."""
    for route in routes(world.app):
        method, path = route.split(" ")
        if route in CASES and method in {"POST", "PATCH", "PUT", "DELETE"}:
            # Removing all of a kind takes no body and no id: there is nothing to get wrong.
            if path.endswith("/all"):
                continue
            while "{" in path:
                path = f"{path[: path.index('{')]}{ABSENT}{path[path.index('}') + 1 :]}"
            yield method, path


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
    for route, names in fields_of(world).items():
        method, path = route.split(" ")
        if route not in CASES:
            continue
        while "{" in path:
            path = f"{path[: path.index('{')]}{ABSENT}{path[path.index('}') + 1 :]}"
        one_wrong = [{"name": "x", name: value} for name in names for value in SLY]
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

    async def drip() -> Any:
        for _ in range(10):
            yield megabyte

    for path in ("/rest/sip/app", "/rest/lease/tn/search", f"/rest/sip/app/call/flow/{ABSENT}"):
        content = megabyte * 10 if declared else drip()
        for kind in ("application/json", "text/xml"):
            answer = await world.alice.client.post(
                path, content=content if declared else drip(), headers={"content-type": kind}
            )
            assert (answer.status_code, answer.json()["code"]) == (413, "too_large"), path


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
