"""`/openapi.json` is true: it names every route, and whatever is sent gets an answer it names."""

import asyncio
import os
from collections import Counter
from collections.abc import Iterator
from typing import Any

import httpx
import jsonschema_rs
import pytest
import requests
import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from support.belongings import belongings, for_sale
from support.contract import BrokenContractError
from support.tenancy import routes
from support.world import World, build_world

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
# Requests to each operation; a long search sets more.
EXAMPLES = int(os.environ.get("OPENTACT_FUZZ_EXAMPLES", "0"))
USUAL_EXAMPLES = {"sqlite": 16, "postgresql": 8}
# Pages for people and machines, and sockets: no operations.
UNDESCRIBED = ("/openapi.json", "/docs", "/llms.txt", "/calls/")
ON_ONE_DATABASE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def operations(app: FastAPI) -> Iterator[tuple[str, dict[str, Any]]]:
    """Give each operation of the description by its `METHOD /path`."""
    for path, methods in app.openapi()["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


def references(schema: Any) -> Iterator[str]:
    """Give every `$ref` of the description."""
    if isinstance(schema, list):
        for item in schema:
            yield from references(item)
    elif isinstance(schema, dict):
        for key, value in schema.items():
            if key == "$ref":
                yield value
            else:
                yield from references(value)


class Fuzz:
    """Sends what schemathesis thinks of to a world, as alice, who owns one of everything."""

    def __init__(self, world: World, owned: dict[str, str], runner: asyncio.Runner) -> None:
        self.world, self.runner = world, runner
        self.ids = st.sampled_from(sorted(set(owned.values())))
        self.answers: Counter[int] = Counter()
        self.complaints: list[str] = []
        self.described = schemathesis.openapi.from_dict(world.app.openapi())

    def run(self, examples: int) -> None:
        """Try every operation; what goes wrong first in each is a complaint."""
        for operation in self.described.get_all_operations():
            assert isinstance(operation, Ok), operation
            try:
                self._try(operation.ok(), examples)
            except (FailureGroup, BrokenContractError) as error:
                self.complaints.append(f"{error}"[:2000])

    def _try(self, operation: Any, examples: int) -> None:
        sane = operation.as_strategy(generation_mode=GenerationMode.POSITIVE)
        wrong = operation.as_strategy(generation_mode=GenerationMode.NEGATIVE)

        @settings(
            max_examples=examples,
            derandomize=True,
            database=None,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(data=st.data(), is_sane=st.sampled_from([True, True, False]))
        def run(data: st.DataObject, *, is_sane: bool) -> None:
            case = data.draw(sane if is_sane else wrong)
            # An id that somebody has leads further than one that nobody has.
            for name in case.path_parameters:
                if is_sane and data.draw(st.booleans()):
                    case.path_parameters[name] = data.draw(self.ids)
            answer = self.runner.run(self._send(case))
            self.answers[answer.status_code] += 1
            case.validate_response(answer, checks=CHECKS)

        run()

    async def _send(self, case: Case[Any]) -> httpx.Response:
        """Send it as the `requests` library would write it, on the loop of the world."""
        wire: Any = requests.Request(**case.as_transport_kwargs(base_url="http://test")).prepare()
        return await self.world.alice.client.request(
            wire.method, wire.url, content=wire.body, headers=dict(wire.headers)
        )


def test_whatever_is_sent_gets_an_answer_that_is_described(
    database_url: str, record_property: Any
) -> None:
    examples = EXAMPLES or USUAL_EXAMPLES[database_url.partition("+")[0]]
    with asyncio.Runner() as runner:
        building = build_world(database_url)
        world = runner.run(building.__aenter__())
        try:
            runner.run(for_sale(world))
            owned = runner.run(belongings(world, world.alice))
            # A JWT: one of the routes removes every token.
            login = runner.run(world.alice.client.get("/rest/auth")).json()["payload"]
            world.alice.client.headers["X-Auth-Token"] = login["token"]
            fuzz = Fuzz(world, owned, runner)
            fuzz.run(examples)
        finally:
            runner.run(building.__aexit__(None, None, None))
    record_property("answers", str(fuzz.answers))
    if fuzz.complaints:
        pytest.fail("\n\n".join(fuzz.complaints), pytrace=False)
    # A fuzz that is refused everywhere tries nothing.
    assert fuzz.answers[200] > len(world.app.openapi()["paths"])
    assert fuzz.answers[201]
    assert fuzz.answers[400]


@ON_ONE_DATABASE
def test_every_route_is_described_and_nothing_else_is(world: World) -> None:
    there = {
        route
        for route in routes(world.app)
        if not route.startswith(("HEAD", "WEBSOCKET"))
        and not route.partition(" ")[2].startswith(UNDESCRIBED)
    }
    described = {route for route, _ in operations(world.app)}
    plain = {route.replace(":path", "").replace(":int", "") for route in there}
    assert described == plain - {"GET /"}


@ON_ONE_DATABASE
def test_every_operation_has_a_name_a_place_and_words(world: World) -> None:
    silent = [
        f"{route} lacks {what}"
        for route, operation in operations(world.app)
        for what in ("operationId", "summary", "tags", "description")
        if not operation.get(what)
    ]
    assert silent == []


@ON_ONE_DATABASE
def test_no_two_operations_have_one_name(world: World) -> None:
    names = Counter(operation["operationId"] for _, operation in operations(world.app))
    assert [name for name, times in names.items() if times > 1] == []


@ON_ONE_DATABASE
def test_every_success_and_every_refusal_has_a_shape(world: World) -> None:
    shapeless = [
        f"{route}: {status}"
        for route, operation in operations(world.app)
        for status, answer in operation["responses"].items()
        if not any(kind.get("schema") for kind in answer.get("content", {}).values())
    ]
    assert shapeless == []


@ON_ONE_DATABASE
def test_its_schemas_are_schemas_and_refer_to_what_is_there(world: World) -> None:
    whole = world.app.openapi()
    for schema in whole["components"]["schemas"].values():
        jsonschema_rs.meta.validate(schema)
    for reference in set(references(whole)):
        there = whole
        for step in reference.removeprefix("#/").split("/"):
            there = there[step]
