"""The calls that live on this node, as the API asks for them."""

from collections.abc import Mapping
from typing import ClassVar, Protocol
from uuid import UUID

from opentact.kit.faults import Conflict

from . import causes
from .call_events import CallCard
from .callflow.document import FlowDocument
from .causes import Cause


class CallIsOver(Conflict):
    """The call is over: nothing can be done on it any more."""

    code = "call_is_over"


class LiveCall(Protocol):
    """A call that lives: one with a flow, or a leg of a bridged one."""

    @property
    def card(self) -> CallCard:
        """Its record."""

    @property
    def over(self) -> Cause | None:
        """Why it is just ending, if it is."""

    def hang_up(self, cause: Cause = causes.API_HUNG_UP) -> None:
        """End the call."""

    def replace(self, flow: FlowDocument) -> None:
        """Run this flow on it; a Fault says why that cannot be."""


class LiveCalls(Protocol):
    """The calls that live now, as the API asks for them."""

    @property
    def live(self) -> Mapping[UUID, LiveCall]:
        """All of them."""

    @property
    def waiting(self) -> int:
        """How many wait in line to begin (voice/arrivals.py)."""

    def find(self, account: UUID, call: UUID) -> LiveCall | None:
        """Find a live call of the account."""

    def of_account(self, account: UUID) -> list[CallCard]:
        """List the account's live calls, oldest first."""

    def join(self, one: LiveCall, two: LiveCall) -> None:
        """Connect two of them; a Fault says why that cannot be."""


class NoCalls:
    """A platform on which nobody calls: for tools and tests of the API alone."""

    live: ClassVar[Mapping[UUID, LiveCall]] = {}
    waiting = 0

    def find(self, account: UUID, call: UUID) -> LiveCall | None:
        del account, call
        return None

    def of_account(self, account: UUID) -> list[CallCard]:
        del account
        return []

    def join(self, one: LiveCall, two: LiveCall) -> None:
        del one, two
        raise CallIsOver
