"""Calls and what they leave behind: the call record and the log of its commands (spec/07)."""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from hashlib import md5
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Index, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from opentact.billing.rating import MINUTE_S, Rate
from opentact.kit.entities import Base, Stamped
from opentact.kit.faults import NotFound
from opentact.kit.money import ZERO


class Direction(StrEnum):
    """As seen from the platform."""

    IN = "in"
    OUT = "out"


class CallState(StrEnum):
    """How far a call is (spec/07, spec/11 E1)."""

    INIT = "init"
    RINGING = "ringing"
    LIVE = "live"
    BRIDGED = "bridged"
    HANGUP = "hangup"
    DESTROYED = "destroyed"


class Call(Stamped, Base):
    """One call's record.

    Times are null until they come. `duration` and `billed_seconds` are in whole seconds from
    `answer_on`; `rate` is dollars a minute, `price` what the call cost. `cause`, `blame` and
    `reason` say in our words why it ended (voice/causes.py). `alive_on` is the last sign of
    life, by which a call that a crash cut off is closed and charged. A bridged call has two
    records: the leg that went out names the one that came in as `parent_uuid`, and each the
    other as `peer_uuid`. `sip_user_uuid` is the SIP user at this leg.

    `rate_initial` and `rate_increment` are the seconds charged first and then, `connect_fee` is
    dollars. `refusal` is what a rule refused (voice/rules/refusals.py). `outbound_profile_uuid`
    is the profile whose limits the call counted for.
    """

    __tablename__ = "call"
    __table_args__ = (
        Index("ix_call_account_created", "account_uuid", "created_on", "uuid"),
        Index("ix_call_app_created", "app_uuid", "created_on"),
        Index("ix_call_open", "node", "destroy_on"),
    )

    account_uuid: Mapped[UUID] = mapped_column(ForeignKey("account.uuid"))
    direction: Mapped[Direction]
    from_: Mapped[str] = mapped_column("from")
    to: Mapped[str]
    node: Mapped[str]
    state: Mapped[CallState] = mapped_column(default=CallState.INIT)
    type: Mapped[str] = mapped_column(default="CallSCA")
    thread: Mapped[str] = mapped_column(default="")
    tn: Mapped[int | None] = mapped_column(BigInteger, default=None)
    lease_uuid: Mapped[UUID | None] = mapped_column(default=None)
    app_uuid: Mapped[UUID | None] = mapped_column(default=None)
    parent_uuid: Mapped[UUID | None] = mapped_column(default=None)
    peer_uuid: Mapped[UUID | None] = mapped_column(default=None)
    sip_user_uuid: Mapped[UUID | None] = mapped_column(default=None)
    sip_call_id: Mapped[str | None] = mapped_column(default=None)
    source: Mapped[str | None] = mapped_column(default=None)
    init_on: Mapped[datetime | None] = mapped_column(default=None)
    ring_on: Mapped[datetime | None] = mapped_column(default=None)
    answer_on: Mapped[datetime | None] = mapped_column(default=None)
    hangup_on: Mapped[datetime | None] = mapped_column(default=None)
    destroy_on: Mapped[datetime | None] = mapped_column(default=None)
    alive_on: Mapped[datetime | None] = mapped_column(default=None)
    duration: Mapped[int] = mapped_column(default=0)
    billed_seconds: Mapped[int] = mapped_column(default=0)
    rate: Mapped[Decimal] = mapped_column(default=ZERO)
    price: Mapped[Decimal] = mapped_column(default=ZERO)
    rate_initial: Mapped[int] = mapped_column(default=MINUTE_S)
    rate_increment: Mapped[int] = mapped_column(default=MINUTE_S)
    connect_fee: Mapped[Decimal] = mapped_column(default=ZERO)
    outbound_profile_uuid: Mapped[UUID | None] = mapped_column(default=None)
    q850_cause: Mapped[int | None] = mapped_column(default=None)
    q850_cause_string: Mapped[str | None] = mapped_column(default=None)
    sip_status: Mapped[int | None] = mapped_column(default=None)
    cause: Mapped[str | None] = mapped_column(default=None)
    blame: Mapped[str | None] = mapped_column(default=None)
    reason: Mapped[str | None] = mapped_column(default=None)
    refusal: Mapped[dict[str, Any] | None] = mapped_column(default=None)
    media: Mapped[dict[str, Any]] = mapped_column(default_factory=dict)
    meta: Mapped[dict[str, Any]] = mapped_column(default_factory=dict)


def rate_members(rate: Rate) -> dict[str, Any]:
    """Write a rate as the members of a call's record."""
    return {
        "rate": rate.per_minute,
        "rate_initial": rate.initial,
        "rate_increment": rate.increment,
        "connect_fee": rate.connect_fee,
    }


def rate_of(call: Call) -> Rate:
    """Read the rate that the call's record holds."""
    return Rate(call.rate, call.rate_initial, call.rate_increment, call.connect_fee)


class CallFlowLog(Stamped, Base):
    """One command of a call flow that ran, and what came of it."""

    __tablename__ = "call_flow_log"
    __table_args__ = (
        Index("ix_call_flow_log_app", "app_uuid", "created_on"),
        Index("ix_call_flow_log_call", "call_uuid"),
    )

    account_uuid: Mapped[UUID] = mapped_column(ForeignKey("account.uuid"))
    call_uuid: Mapped[UUID]
    app_uuid: Mapped[UUID | None]
    name: Mapped[str]
    success: Mapped[bool]
    command: Mapped[dict[str, Any]]
    response: Mapped[dict[str, Any]]
    from_: Mapped[str] = mapped_column("from")
    tn: Mapped[int | None] = mapped_column(BigInteger)


def thread_of(one: str, other: str) -> str:
    """Name the conversation between two numbers, whoever calls (spec/01, `thread`)."""
    pair = "-".join(sorted(number.lstrip("+") for number in (one, other)))
    return md5(pair.encode(), usedforsecurity=False).hexdigest()


async def get_call(session: AsyncSession, account: UUID, uuid: UUID) -> Call:
    """Load a call of the account, or `NotFound`."""
    call = await session.scalar(select(Call).where(Call.uuid == uuid, Call.account_uuid == account))
    if call is None:
        raise NotFound("Call not found")
    return call
