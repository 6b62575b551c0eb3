"""What every conversation of a node shares."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from opentact.kit.clock import Clock

from .actor import Props
from .call_book import CallBook
from .call_events import CallCard
from .callflow.stage import Region
from .calls import Call
from .homes import Homes


@dataclass(frozen=True, slots=True)
class Desk:
    """The books, the engines and the limits.

    A call without a flow is parked for `park_s` seconds. One that its flow does not answer ends
    after `ring_s`: proxies on its way give it up then as well (timer C, RFC 3261 16.6).
    `home_of` tells where a number is at home.
    """

    book: CallBook
    clock: Clock
    props: Props
    recordings: Path
    entity: Callable[[CallCard], dict[str, Any]]
    park_s: float = 30.0
    ring_s: float = 180.0
    home_of: Callable[[str], Region | None] = field(default_factory=Homes)


def facts_of(call: Call, *, answered: bool) -> dict[str, Any]:
    """Tell of a call what its flow may ask for by name (`<Call field="...">`)."""
    return {
        "uuid": str(call.uuid),
        "from": call.from_,
        "to": call.to,
        "state": call.state.value,
        "direction": call.direction.value,
        "type": call.type,
        "tn": call.tn,
        "thread": call.thread,
        "answered": answered,
    }
