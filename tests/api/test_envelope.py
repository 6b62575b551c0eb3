"""What every answer looks like, also the framework's own."""

import json
from typing import Any

import pytest
from fastapi.exceptions import RequestValidationError

from opentact.api.envelope import ok, say_fault, wrong_fields
from opentact.kit.faults import BadField, BadRequest, Fault, TooManyRequests, Unauthorized
from support.world import World


def said(fault: Fault) -> Any:
    return json.loads(bytes(say_fault(fault).body))


def test_a_success_carries_its_payload_and_what_stands_beside_it() -> None:
    assert json.loads(bytes(ok([1], more=2).body)) == {"success": True, "payload": [1], "more": 2}
    assert ok({}, 201).status_code == 201


def test_a_refusal_says_what_why_and_where_to_read_on() -> None:
    assert said(BadRequest("No", fields={"params.x": BadField("odd", 1)})) == {
        "success": False,
        "message": "No",
        "status": 400,
        "code": "bad_request",
        "request_id": "",
        "doc_url": "/docs/errors#bad_request",
        "fields": {"params.x": {"message": "odd", "value": 1}},
    }


def test_who_is_unknown_or_too_fast_is_told_in_headers() -> None:
    assert say_fault(Unauthorized()).headers["www-authenticate"] == 'Basic realm="opentact"'
    assert say_fault(TooManyRequests(retry_after=7)).headers["retry-after"] == "7"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("x" * 300, "x" * 200),
        ("half \ud800", "half ?"),
        (2**63, str(2**63)),
        (-(2**63), str(-(2**63))),
        (2**62, 2**62),
        (True, True),
        (None, None),
        ({"a": [1]}, "{'a': [1]}"),
        (["x" * 300], str(["x" * 300])[:200]),
    ],
)
def test_a_bad_value_is_shown_as_far_as_it_can_be(value: object, shown: object) -> None:
    told = said(BadRequest("No", fields={"params.x": BadField("odd", value)}))
    assert told["fields"]["params.x"]["value"] == shown


def test_every_wrong_field_is_named_once_by_its_path() -> None:
    complaints = [
        {"type": "x", "loc": ("body", "items", 0, "tn"), "msg": "Value error, odd", "input": 5},
        {"type": "x", "loc": ("body", "items", 0, "tn"), "msg": "another way to be odd"},
        {"type": "x", "loc": ("query", "take"), "msg": "too small", "input": "0"},
    ]
    fault = wrong_fields(RequestValidationError(complaints))
    assert fault.fields == {
        "params.items.0.tn": BadField("odd", 5),
        "params.take": BadField("too small", "0"),
    }
    assert str(fault) == "Wrong value for: items.0.tn, take"


async def test_the_frameworks_own_refusals_speak_the_envelope(world: World) -> None:
    nowhere = await world.alice.client.get("/rest/nowhere")
    assert (nowhere.status_code, nowhere.json()["code"]) == (404, "no_such_route")
    wrong = await world.alice.client.put("/rest/token/list")
    assert (wrong.status_code, wrong.json()["code"]) == (405, "method_not_allowed")
    assert wrong.headers["allow"]
    broken = await world.alice.client.post(
        "/rest/token", content=b'{"name": }', headers={"content-type": "application/json"}
    )
    assert broken.json()["message"].startswith("The body is not valid JSON: ")
    assert broken.json()["message"].endswith(" at character 9")


async def test_json_sent_as_a_form_is_told_what_to_send(world: World) -> None:
    form = {"content-type": "application/x-www-form-urlencoded"}
    answer = await world.alice.client.post("/rest/token", content=b'{"name": "x"}', headers=form)
    assert answer.status_code == 400
    assert "Content-Type: application/json" in answer.json()["message"]
