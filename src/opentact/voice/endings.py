"""What is written down when a call ends: why, how long it was, and what it cost.

The same for a call that ended here and for one that a crash cut off (voice/lost_calls.py).
"""

from dataclasses import asdict, fields
from typing import Any

from opentact.billing.ledger import Line, RefType
from opentact.billing.rating import Rate

from .calls import Call, Direction
from .causes import Cause
from .media import MediaStats

ANSWERED = 200
LONGEST_REASON = 500  # characters; a flow's own words may be as long as a document


def ending(cause: Cause, note: str | None = None, *, answered: bool = False) -> dict[str, Any]:
    """Say why a call ended, as the members of its record; a call that was answered got a 200."""
    return {
        "q850_cause": cause.q850,
        "q850_cause_string": cause.q850_name,
        "sip_status": ANSWERED if answered else cause.sip,
        "cause": cause.name,
        "blame": cause.blame.value,
        "reason": (note or cause.words)[:LONGEST_REASON],
    }


def priced(call: Call, rate: Rate, *, most: int | None = None) -> dict[str, Any]:
    """Tell how long an ended call was and what it cost; nothing of one never answered.

    Needs `answer_on` and `hangup_on`. No more than `most` seconds are charged, if they are given:
    a call that its credit ends is not to pay for the moment it took us to end it.
    """
    if call.answer_on is None or call.hangup_on is None:
        return {}
    seconds = max(0, round((call.hangup_on - call.answer_on).total_seconds()))
    charged = seconds if most is None else min(seconds, most)
    return {
        "duration": seconds,
        "billed_seconds": rate.billed_seconds(charged),
        "price": rate.charge(charged),
    }


def entry(call: Call) -> Line | None:
    """Make the ledger's entry of a priced call; None if it was free."""
    if not call.price:
        return None
    out = call.direction is Direction.OUT
    ref_type = RefType.VOICE_OUTGOING if out else RefType.VOICE_INCOMING
    text = f"Call from {call.from_} to {call.to}, {call.duration} s"
    return Line(-call.price, ref_type, call.uuid, text)


def told(stats: MediaStats) -> dict[str, Any]:
    """Write what went through the media, as the call record has it; to the millisecond."""
    every = ((each.name, getattr(stats, each.name)) for each in fields(stats))
    written = {
        name: round(value, 3) if isinstance(value, float) else value for name, value in every
    }
    return written | {"facts": [asdict(fact) for fact in stats.facts]}
