"""The legs of a bridged call as the API sees them: calls of their own, that end together."""

from dataclasses import dataclass

from opentact.kit.faults import Conflict

from . import causes
from .bridge import Bridge
from .call_events import CallCard
from .callflow.document import FlowDocument
from .causes import Cause


class CallIsBridged(Conflict):
    """The call is bridged to another one: a call flow runs only on a call of a control app."""

    code = "call_is_bridged"


@dataclass(frozen=True, slots=True, eq=False)
class BridgedLeg:
    """One of the two."""

    card: CallCard
    bridge: Bridge

    @property
    def over(self) -> Cause | None:
        """Why the call is just ending, if it is."""
        return self.bridge.over

    def hang_up(self, cause: Cause = causes.API_HUNG_UP) -> None:
        """End the whole call."""
        self.bridge.end(cause)

    def replace(self, flow: FlowDocument) -> None:
        """Refuse: nothing plays on a call whose ends talk to each other."""
        del flow
        raise CallIsBridged("A bridged call runs no call flow")


def legs_of(bridge: Bridge) -> tuple[BridgedLeg, BridgedLeg]:
    """Give the leg that came in and the one that went out."""
    return BridgedLeg(bridge.caller.card, bridge), BridgedLeg(bridge.callee.card, bridge)
