"""Whom an endpoint tells of what arrives."""

from collections.abc import Callable
from dataclasses import dataclass

from opentact.adapters.sip.gates import Gate
from opentact.adapters.sip.legs import IncomingLeg, IncomingRequest
from opentact.adapters.sip.traffic import OnMessage

OnRequest = Callable[[IncomingRequest], None]
"""Called once per REGISTER, at once; what it raises is answered 500."""


OnClosed = Callable[[int], None]
"""Called with the flow of a connection that has ended."""


@dataclass(frozen=True, slots=True)
class Handlers:
    """Whom the endpoint tells."""

    call: Callable[[IncomingLeg], None]
    request: OnRequest | None
    message: OnMessage | None
    closed: OnClosed
    gate: Gate
