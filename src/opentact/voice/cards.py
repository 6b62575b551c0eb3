"""The records that calls begin with: of a leg that arrives, and of one that goes out for it."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Protocol
from uuid import UUID

from opentact.accounts.accounts import Account
from opentact.kit.clock import Clock
from opentact.kit.entities import fresh
from opentact.kit.ids import new_id
from opentact.kit.money import ZERO

from .admission import dialled_number
from .apps import SipControlApp
from .call_events import CallCard
from .calls import Call, Direction, thread_of
from .forks import NOBODY
from .sip.identities import withholds
from .sip.machine import Address
from .sip.message import Message

BRIDGED_TYPE = "CallSIP"
"""The class of calls that no app takes part in; those of apps are `CallSCA` (spec/07)."""

LONGEST_CALL_ID = 255
LONGEST_NAME = 64  # of a caller or a number in a call record; longer ones are cut


class Arrived(Protocol):
    """What a record takes from a received INVITE."""

    call_id: str
    caller: str
    called: str
    source: Address

    @property
    def request(self) -> Message:
        """The INVITE."""


@dataclass(frozen=True, slots=True)
class Cards:
    """Makes records of calls on this node."""

    clock: Clock
    node: str

    def received(
        self,
        leg: Arrived,
        account: Account,
        *,
        app: SipControlApp | None = None,
        lease: UUID | None = None,
        rate: Decimal = ZERO,
        user: UUID | None = None,
        bridged: bool = False,
        from_network: bool = False,
    ) -> CallCard:
        """Begin the record of a leg that arrived; `user` is the SIP user who calls.

        Who calls a lease, or anyone `from_network`, calls from outside the account, which then
        does not learn a number that is withheld (RFC 3325 section 7).
        """
        called = dialled_number(leg.called)
        to = str(called or leg.called)
        hidden = (lease is not None or from_network) and withholds(leg.request)
        more: dict[str, Any] = {} if app is None else {"app_uuid": app.uuid}
        if bridged:
            more["type"] = BRIDGED_TYPE
        call = self._call(
            account,
            Direction.IN,
            NOBODY if hidden else leg.caller,
            to,
            sip_call_id=leg.call_id[:LONGEST_CALL_ID] or None,
            source=f"{leg.source[0]}:{leg.source[1]}",
            tn=called,
            lease_uuid=lease,
            rate=rate,
            sip_user_uuid=user,
            **more,
        )
        return CallCard(call, account, app)

    def placed(
        self, uuid: UUID, account: Account, from_: str, to: str, app: SipControlApp | None
    ) -> CallCard:
        """Begin the record of a call that the platform places for an account."""
        more = {} if app is None else {"app_uuid": app.uuid}
        number = dialled_number(from_)
        call = self._call(account, Direction.OUT, from_, to, uuid=uuid, tn=number, **more)
        return CallCard(call, account, app)

    def sent(
        self, parent: CallCard, from_: str, to: str, *, rate: Decimal = ZERO, user: UUID | None
    ) -> CallCard:
        """Begin the record of the leg that goes out for `parent`; `user` is who is called."""
        call = self._call(
            parent.account,
            Direction.OUT,
            from_,
            to,
            type=BRIDGED_TYPE,
            rate=rate,
            sip_user_uuid=user,
            tn=dialled_number(to),
            parent_uuid=parent.call.uuid,
            peer_uuid=parent.call.uuid,
            thread=parent.call.thread,
        )
        parent.call.peer_uuid = call.uuid
        return CallCard(call, parent.account, parent=parent)

    def _call(
        self, account: Account, direction: Direction, from_: str, to: str, **more: Any
    ) -> Call:
        """Make the record; `more` are further members of it."""
        now, from_, to = self.clock.now(), from_[:LONGEST_NAME], to[:LONGEST_NAME]
        if "thread" not in more:
            more["thread"] = thread_of(from_, to)
        if "uuid" not in more:
            more["uuid"] = new_id()
        return fresh(
            Call,
            account_uuid=account.uuid,
            direction=direction,
            from_=from_,
            to=to,
            node=self.node,
            init_on=now,
            created_on=now,
            modified_on=now,
            media={},
            meta={},
            **more,
        )
