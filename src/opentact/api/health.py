"""/health and /metrics: whether every part answers, and what the server is doing."""

import asyncio
import time
from collections.abc import Awaitable, Callable

import structlog
from fastapi import APIRouter, Response
from prometheus_client import generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from typing_extensions import NotRequired, TypedDict  # noqa: UP035 - pydantic needs these on 3.11

from opentact.kit.faults import Fault

from .envelope import ok
from .services import Inject

PATIENCE_S = 5.0  # a part that takes longer to answer does not work
log = structlog.get_logger(__name__)
router = APIRouter(tags=["Operating"])


class CheckOut(TypedDict):
    """One part: whether it answered, in how many milliseconds, and the code of what failed."""

    ok: bool
    ms: float
    code: NotRequired[str]


class HealthOut(TypedDict):
    """Every part that was asked. `success` is true if all are well."""

    success: bool
    payload: dict[str, CheckOut]


@router.get(
    "/health",
    operation_id="GetHealth",
    response_model=HealthOut,
    responses={503: {"model": HealthOut, "description": "Some part does not answer"}},
)
async def health(services: Inject) -> Response:
    """Ask every part for a sign of life; 503 if any does not give it."""
    names = list(services.pings)
    checks = await asyncio.gather(*(_ask(name, services.pings[name]) for name in names))
    well = all(check["ok"] for check in checks)
    return ok(dict(zip(names, checks, strict=True)), 200 if well else 503, success=well)


@router.get(
    "/metrics",
    operation_id="GetMetrics",
    response_class=Response,
    responses={
        200: {
            "content": {"text/plain": {"schema": {"type": "string"}}},
            "description": "Prometheus text format",
        }
    },
)
async def metrics(services: Inject) -> Response:
    """Count what is going on, for Prometheus."""
    text = generate_latest(services.metrics.registry)
    return Response(text, headers={"Content-Type": CONTENT_TYPE_LATEST})


async def _ask(name: str, ping: Callable[[], Awaitable[None]]) -> CheckOut:
    began = time.perf_counter()
    code: str | None = None
    try:
        async with asyncio.timeout(PATIENCE_S):
            await ping()
    except Exception as error:  # noqa: BLE001 - whatever fails is what is to be reported
        code = error.code if isinstance(error, Fault) else type(error).__name__
        # What it says may name hosts and files: that is for the log.
        log.warning("ping_failed", part=name, error=repr(error))
    check: CheckOut = {"ok": code is None, "ms": round((time.perf_counter() - began) * 1000, 1)}
    if code is not None:
        check["code"] = code
    return check
