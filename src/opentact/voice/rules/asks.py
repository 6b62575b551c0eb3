"""What is asked of the rules about a call, and what they answer."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING
from uuid import UUID

from opentact.billing.rating import Rate
from opentact.voice.screening import Lists

from .refusals import RuleRefused

if TYPE_CHECKING:
    from opentact.accounts.accounts import Account
    from opentact.voice.outbound_profiles import OutboundVoiceProfile

    from .tickets import Ticket


class Kind(StrEnum):
    """Where a call goes: to the telephone network, or it stays on the platform and is free."""

    PSTN = "pstn"
    ON_NET = "on_net"


@dataclass(frozen=True, slots=True)
class OutboundAsk:
    """A call that wants to go out.

    `to_e164` is the number as it will be dialled, with or without plus; a number that is none
    (an emergency number, say) may be asked about too. `caller_id` is the number that is to be
    shown, "" where none is. `user` is the SIP user who calls, if one does. `caller_is_own` tells
    that it is known to be a number of the account, leased or verified: nobody need look it up.
    """

    account: "Account"
    profile: "OutboundVoiceProfile | None"
    domain: str | None
    caller_id: str
    to_e164: str
    call_uuid: UUID
    kind: Kind = Kind.PSTN
    user: UUID | None = None
    caller_is_own: bool = False


@dataclass(frozen=True, slots=True)
class InboundAsk:
    """A call that arrives at a leased number. `screening` is the lease's TN profile, if any."""

    account: "Account"
    caller: str
    rate: Rate
    screening: Lists | None = None
    withheld: bool = False


@dataclass(frozen=True, slots=True)
class Allowed:
    """The call may go. The ticket is to be closed when it has ended, however it ended."""

    rate: Rate
    ticket: "Ticket" = field(repr=False)


Answer = Allowed | RuleRefused
