"""Calls that the platform places, and those it would, as the wire spells them."""

from typing import Any

from typing_extensions import TypedDict

from opentact.voice.causes import Cause
from opentact.voice.placing import Way

from .limits import RefusalOut

FREE_OF_CHARGE: dict[str, Any] = {
    "country": None,
    "rate": 0.0,
    "connect_fee": 0.0,
    "initial": None,
    "increment": None,
    "price_of_minute": 0.0,
}
"""What is told of a call that stays on the platform."""


class RouteOut(TypedDict):
    """Which way a call takes: `on_net` or `pstn`, and the trunks that are tried, best first."""

    kind: str
    ways: list[str]


_From = TypedDict("_From", {"from": str}, total=False)


class RehearsedOut(_From, total=False):
    """What a call would be: its route, its price, and all that would refuse it."""

    dry_run: bool
    to: str
    rate: float | None
    connect_fee: float | None
    route: RouteOut | None
    country: str | None
    initial: int | None
    increment: int | None
    price_of_minute: float | None
    allowed: bool
    refusals: list[RefusalOut]


def route_out(way: Way) -> RouteOut:
    """Write a way."""
    forks = [fork for stage in way.stages for fork in stage]
    return {
        "kind": way.kind.value,
        "ways": [fork.way.name if fork.way is not None else "opentact" for fork in forks],
    }


def cause_out(cause: Cause) -> RefusalOut:
    """Write a refusal that is no rule's: nobody can be reached there."""
    return {
        "cause": cause.name,
        "rule": "route",
        "object": "call",
        "object_uuid": None,
        "object_name": None,
        "limit": "",
        "present": "",
        "message": cause.words,
    }
