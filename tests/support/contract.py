"""The published API as a contract: what each route may answer, and whether an answer keeps to it.

Every client of a `World` holds every answer against it, so that a wrong line in the description
fails whichever test meets it first.
"""

import json
import re
from functools import cached_property
from typing import Any

import httpx
import jsonschema_rs
from fastapi import FastAPI

UNDESCRIBED = {500}
"""Statuses that no route promises: a test that provokes a failure of ours may see them."""


class BrokenContractError(AssertionError):
    """An answer is not what the published description says."""


class Contract:
    """What `/openapi.json` promises. The schema is the same for every app, so one serves all."""

    def __init__(self) -> None:
        self._schema: dict[str, Any] = {}
        self._validators: dict[tuple[str, str, str], jsonschema_rs.Validator] = {}

    async def check(self, app: FastAPI, answer: httpx.Response) -> None:
        """Raise `BrokenContractError` if the status, type or shape is not one that is published."""
        self._schema = self._schema or app.openapi()
        app.openapi_schema = self._schema
        method, path = answer.request.method.lower(), answer.request.url.path
        route = next((name for name, it in self._routes if it.fullmatch(path)), None)
        await answer.aread()
        said = f"{method.upper()} {path}: {answer.status_code} {answer.text[:500]}"
        if route is None or method not in self._schema["paths"][route]:
            return
        if answer.status_code in UNDESCRIBED:
            return
        promised = self._schema["paths"][route][method]["responses"].get(str(answer.status_code))
        if promised is None:
            raise BrokenContractError(f"an undocumented status: {said}")
        kind = answer.headers.get("content-type", "").partition(";")[0]
        content = promised.get("content", {})
        if content and kind not in content:
            raise BrokenContractError(f"an undocumented type, {kind}: {said}")
        if kind == "application/json":
            self._check_shape(route, method, answer, said)

    def _check_shape(self, route: str, method: str, answer: httpx.Response, said: str) -> None:
        name = route, method, str(answer.status_code)
        if name not in self._validators:
            self._validators[name] = self._validator(*name)
        wrong = [
            f"{'.'.join(str(step) for step in error.instance_path)}: {error.message}"
            for error in self._validators[name].iter_errors(answer.json())
        ]
        if wrong:
            raise BrokenContractError(f"an undocumented shape ({'; '.join(wrong)[:1000]}): {said}")

    def _validator(self, route: str, method: str, status: str) -> jsonschema_rs.Validator:
        promised = self._schema["paths"][route][method]["responses"][status]
        schema = {**promised["content"]["application/json"]["schema"], **self._closed}
        return jsonschema_rs.Draft202012Validator(schema, validate_formats=True)

    @cached_property
    def _closed(self) -> dict[str, Any]:
        """Give the components, where an object has the fields that are named and no others."""
        schemas = json.loads(json.dumps(self._schema["components"]["schemas"]))
        for schema in schemas.values():
            if "properties" in schema:
                schema.setdefault("additionalProperties", False)
        return {"components": {"schemas": schemas}}

    @cached_property
    def _routes(self) -> list[tuple[str, re.Pattern[str]]]:
        """List the paths as patterns, in the order in which the router tries them."""
        return [(path, _pattern(path)) for path in self._schema["paths"]]


def _pattern(path: str) -> re.Pattern[str]:
    parts = re.split(r"\{\w+\}", path)
    return re.compile("[^/]+".join(re.escape(part) for part in parts))


CONTRACT = Contract()
