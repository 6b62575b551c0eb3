"""Trunks as the wire spells them: targets with their states, registrations, and their event.

Passwords are written and never read: what stands for one is whether there is one.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from typing_extensions import TypedDict

from opentact.events.log import Draft
from opentact.kit.clock import stamp
from opentact.voice.carriers import Carrier
from opentact.voice.sip.registration_client import RegistrationClient
from opentact.voice.trunk_events import TrunkTurned
from opentact.voice.trunk_health import Health
from opentact.voice.trunk_rows import trunk_of_carrier
from opentact.voice.trunk_ways import TrunkTarget

from .events import frame, render


class TrunkBoard(Protocol):
    """What this node knows of trunks now, as the API shows it."""

    def health(self, trunk: UUID, target: TrunkTarget) -> Health:
        """Tell how a target is."""

    def registration(self, trunk: UUID) -> RegistrationClient | None:
        """Give the registration that a trunk keeps up."""

    def now(self) -> float:
        """Tell the seconds that states are dated by."""

    async def fresh(self) -> None:
        """Take up what was changed."""


@dataclass(frozen=True, slots=True)
class NoTrunks:
    """A platform without SIP: for tools and tests of the API alone."""

    def health(self, trunk: UUID, target: TrunkTarget) -> Health:
        del trunk, target
        return Health()

    def registration(self, trunk: UUID) -> RegistrationClient | None:
        del trunk
        return None

    def now(self) -> float:
        return 0.0

    async def fresh(self) -> None:
        return


class TargetOut(TypedDict):
    """A place that calls go to. `state` is unknown, up or down; `for_s` is since when."""

    host: str
    port: int | None
    transport: str
    priority: int
    weight: int
    state: str
    reason: str
    for_s: int


class RegistrationOut(TypedDict):
    """A registration that is kept up. `expires_s` is how long it still holds."""

    state: str
    reason: str
    contact: str
    expires_s: int | None


class RouteOut(TypedDict):
    """Numbers that a carrier carries."""

    prefix: str
    priority: int
    product: int | None


class CarrierOut(TypedDict):
    """A carrier of the operator's."""

    uuid: str
    name: str
    is_active: bool
    targets: list[TargetOut]
    networks: list[str]
    routes: list[RouteOut]
    username: str | None
    has_password: bool
    register: bool
    expires: int
    options_interval_s: int
    registration: RegistrationOut | None
    created_on: str
    modified_on: str


def targets_out(board: TrunkBoard, trunk: UUID, targets: Iterable[TrunkTarget]) -> list[TargetOut]:
    """Write a trunk's targets as they are now."""
    return [_target_out(board, board.health(trunk, each), each) for each in targets]


def registration_out(board: TrunkBoard, trunk: UUID) -> RegistrationOut | None:
    """Write a trunk's registration as it is now."""
    kept = board.registration(trunk)
    if kept is None:
        return None
    left = None if kept.until is None else max(0, round(kept.until - board.now()))
    return {
        "state": kept.state.value,
        "reason": kept.reason,
        "contact": kept.contact,
        "expires_s": left,
    }


def carrier_out(carrier: Carrier, board: TrunkBoard) -> CarrierOut:
    """Write a carrier."""
    trunk = trunk_of_carrier(carrier)
    return {
        "uuid": str(carrier.uuid),
        "name": carrier.name,
        "is_active": carrier.is_active,
        "targets": targets_out(board, carrier.uuid, trunk.targets),
        "networks": carrier.networks,
        "routes": [
            {"prefix": each.prefix, "priority": each.priority, "product": each.product}
            for each in trunk.routes
        ],
        "username": carrier.username,
        "has_password": bool(carrier.password),
        "register": carrier.register,
        "expires": carrier.expires,
        "options_interval_s": carrier.options_interval_s,
        "registration": registration_out(board, carrier.uuid),
        "created_on": stamp(carrier.created_on),
        "modified_on": stamp(carrier.modified_on),
    }


def _target_out(board: TrunkBoard, health: Health, target: TrunkTarget) -> TargetOut:
    return {
        "host": target.host,
        "port": target.port,
        "transport": target.transport.value,
        "priority": target.priority,
        "weight": target.weight,
        "state": health.state.value,
        "reason": health.reason,
        "for_s": max(0, round(board.now() - health.since)) if health.since else 0,
    }


@render.register
def _(happened: TrunkTurned, uuid: UUID, at: datetime) -> Draft:
    words = f"{happened.name}: {happened.part.value} {happened.target} is {happened.after}"
    payload: dict[str, Any] = {
        "uuid": str(happened.trunk),
        "kind": happened.kind.value,
        "name": happened.name,
        "part": happened.part.value,
        "target": happened.target,
        "from": happened.before,
        "to": happened.after,
        "reason": happened.reason,
    }
    return frame("trunk_state", uuid, at, words, payload, happened.account, ref_id=happened.trunk)
