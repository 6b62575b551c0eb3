"""What every answer looks like: `{success, payload}`, or what went wrong, said in words.

Spec/01 (envelopes, status codes) with our `code`, `request_id` and `doc_url` beside them.
"""

from collections.abc import Mapping
from contextvars import ContextVar
from typing import Any, Generic, Literal, TypeVar

import orjson
import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from typing_extensions import NotRequired, TypedDict  # noqa: UP035 - pydantic needs these on 3.11

from opentact.kit.faults import BadField, BadRequest, Fault, TooManyRequests

T = TypeVar("T")
request_id: ContextVar[str] = ContextVar("request_id", default="")
log = structlog.get_logger(__name__)

ERROR_PAGES = "/docs/errors"
MOST_ECHOED = 200  # characters of a bad value that are sent back


class Envelope(TypedDict, Generic[T]):
    """Every success."""

    success: Literal[True]
    payload: T


class BadFieldOut(TypedDict):
    """One wrong field: what is wrong, and what was sent."""

    message: str
    value: Any


class ErrorOut(TypedDict):
    """Every refusal. `code` is stable, for programs; `message` is for people."""

    success: Literal[False]
    message: str
    status: int
    code: str
    request_id: str
    doc_url: str
    meta: NotRequired[str]
    fields: NotRequired[dict[str, BadFieldOut]]


class NothingMore(TypedDict):
    """Said when there is nothing to show."""

    success: Literal[True]
    payload: dict[str, Any]


_DESCRIPTIONS = {
    400: "Some fields are wrong; each is named in `fields`",
    401: "No valid credentials (`Unauthorized`), or not allowed (`Forbidden`)",
    402: "Not enough account balance",
    404: "There is no such thing, or it is not yours",
    405: "The path has no such method",
    406: "Not acceptable",
    409: "What is there stands in the way",
    413: "The body is too large",
    415: "The body is of a type this route does not read",
    422: "This Idempotency-Key was used with another body",
    429: "Too many requests; see Retry-After",
    500: "Our fault; quote the request_id",
    502: "A server that we asked failed",
    503: "Not now; try again",
}


def ok(payload: Any, status: int = 200, **siblings: object) -> Response:
    """Answer with success; `siblings` stand beside the payload (spec/01)."""
    body = {"success": True, "payload": payload, **siblings}
    return Response(orjson.dumps(body), status, media_type="application/json")


def errors(*statuses: int, public: bool = False) -> dict[int | str, dict[str, Any]]:
    """Document the refusals of a route: those every route has, and these."""
    usual = (400, 413, 429) if public else (400, 401, 413, 429)
    return {
        status: {"model": ErrorOut, "description": _DESCRIPTIONS[status]}
        for status in sorted({*usual, *statuses})
    }


def refusal(
    message: str,
    status: int,
    code: str,
    *,
    meta: str | None = None,
    fields: Mapping[str, BadField] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Answer with a refusal."""
    body: dict[str, Any] = {
        "success": False,
        "message": message,
        "status": status,
        "code": code,
        "request_id": request_id.get(),
        "doc_url": f"{ERROR_PAGES}#{code}",
    }
    if meta:
        body["meta"] = meta
    if fields:
        body["fields"] = {
            name: {"message": field.message, "value": _shown(field.value)}
            for name, field in fields.items()
        }
    return Response(orjson.dumps(body), status, dict(headers or {}), "application/json")


def say_fault(fault: Fault) -> Response:
    """Answer with one of our own refusals."""
    headers = {}
    if isinstance(fault, TooManyRequests):
        headers["Retry-After"] = str(fault.retry_after)
    elif fault.status == Unauthenticated and fault.code == "unauthorized":
        headers["WWW-Authenticate"] = 'Basic realm="opentact"'
    return refusal(
        str(fault), fault.status, fault.code, meta=fault.meta, fields=fault.fields, headers=headers
    )


Unauthenticated = 401


def wrong_fields(error: RequestValidationError) -> BadRequest:
    """Name every wrong field of a request as `params.<field>` (spec/01, spec/11 A8)."""
    fields: dict[str, BadField] = {}
    for item in error.errors():
        if item["type"] == "json_invalid":
            reason = item.get("ctx", {}).get("error", "invalid")
            return BadRequest(
                f"The body is not valid JSON: {reason} at character {item['loc'][-1]}",
                fields={"params": BadField(f"invalid JSON: {reason}")},
            )
        if item["loc"] == ("body",) and isinstance(item.get("input"), bytes):
            return BadRequest(
                "The body was not read as JSON: send it with Content-Type: application/json",
                fields={"params": BadField("expected a JSON object")},
            )
        path = ".".join(["params", *(str(part) for part in item["loc"][1:])])
        # The first complaint about a field is the one to mend; unions make many.
        fields.setdefault(path, BadField(_plain(str(item["msg"])), item.get("input")))
    names = ", ".join(name.removeprefix("params.") for name in fields)
    return BadRequest(f"Wrong value for: {names}", fields=fields)


def install(app: FastAPI) -> None:
    """Make every failure of the app speak the envelope, the framework's own included."""

    @app.exception_handler(Fault)
    async def _fault(_: Request, fault: Fault) -> Response:
        return say_fault(fault)

    @app.exception_handler(RequestValidationError)
    async def _invalid(_: Request, error: RequestValidationError) -> Response:
        return say_fault(wrong_fields(error))

    @app.exception_handler(HTTPException)
    async def _http(request: Request, error: HTTPException) -> Response:
        headers = dict(error.headers or {})
        if error.status_code == 404:  # noqa: PLR2004 - the router's own
            message = f"There is no {request.method} {request.url.path}"
            return refusal(message, 404, "no_such_route", headers=headers)
        if error.status_code == 405:  # noqa: PLR2004
            message = f"{request.url.path} has no {request.method}"
            return refusal(message, 405, "method_not_allowed", headers=headers)
        code = {413: "too_large", 415: "unsupported_media_type"}.get(error.status_code)
        return refusal(str(error.detail), error.status_code, code or "bad_request", headers=headers)


def our_fault(method: str, path: str, error: Exception) -> Response:
    """Log what we did wrong, and say only under which id."""
    log.error(
        "request_failed", request_id=request_id.get(), method=method, path=path, exc_info=error
    )
    message = f"We failed. Quote request {request_id.get()} when you report it."
    return refusal(message, 500, "internal_error")


def _plain(message: str) -> str:
    return message.removeprefix("Value error, ").removeprefix("Assertion failed, ")


def _shown(value: object) -> object:
    if isinstance(value, str):
        # Half of a surrogate pair, which JSON can send, cannot be sent back.
        return value[:MOST_ECHOED].encode(errors="replace").decode()
    if value is None or isinstance(value, bool | int | float):
        return value if not isinstance(value, int) or abs(value) < 2**63 else str(value)
    return str(value)[:MOST_ECHOED]
