"""Bans, as the wire spells them."""

from datetime import datetime
from typing import Any

from typing_extensions import TypedDict

from opentact.kit.clock import stamp
from opentact.voice.bans import SipBan


class BanOut(TypedDict):
    """A ban. `evidence` counts what was seen, by what; `times` how often it was banned."""

    uuid: str
    source: str
    reason: str
    detail: str
    evidence: dict[str, Any]
    count: int
    times: int
    by: str
    is_active: bool
    until: str
    created_on: str
    modified_on: str
    lifted_on: str | None
    lifted_by: str | None


def ban_out(ban: SipBan, now: datetime) -> BanOut:
    """Write a ban as the wire spells it."""
    return BanOut(
        uuid=str(ban.uuid),
        source=ban.place,
        reason=ban.reason,
        detail=ban.detail,
        evidence=ban.evidence,
        count=sum(ban.evidence.values()),
        times=ban.times,
        by=ban.by,
        is_active=ban.lifted_on is None and ban.until > now,
        until=stamp(ban.until),
        created_on=stamp(ban.created_on),
        modified_on=stamp(ban.modified_on),
        lifted_on=stamp(ban.lifted_on) if ban.lifted_on else None,
        lifted_by=ban.lifted_by,
    )
