"""Verified numbers as the wire spells them."""

from datetime import datetime

from typing_extensions import TypedDict

from opentact.kit.clock import stamp
from opentact.voice.verified_numbers import VerifiedNumber, VerifiedState, now_state

CUT_OFF = "The server stopped before the code was entered"


class VerifiedNumberOut(TypedDict):
    """A number that may be shown as caller once its `state` is `verified`.

    `call` is the uuid of the latest call that asked for a code, `reason` why it proved nothing.
    """

    uuid: str
    created_on: str
    modified_on: str
    tn: int
    name: str | None
    state: str
    reason: str | None
    call: str | None
    verified_on: str | None


class VerifyingOut(VerifiedNumberOut):
    """A number that is being called; `code` is what has to be entered there, told only here."""

    code: str
    expires_on: str


def verified_number_out(number: VerifiedNumber, now: datetime) -> VerifiedNumberOut:
    """Write one."""
    state = now_state(number, now)
    lost = state is not number.state
    return {
        "uuid": str(number.uuid),
        "created_on": stamp(number.created_on),
        "modified_on": stamp(number.modified_on),
        "tn": number.tn,
        "name": number.name,
        "state": state.value,
        "reason": CUT_OFF if lost else number.reason,
        "call": str(number.call_uuid) if number.call_uuid else None,
        "verified_on": stamp(number.verified_on)
        if number.verified_on and state is VerifiedState.VERIFIED
        else None,
    }


def verifying_out(number: VerifiedNumber, code: str, now: datetime) -> VerifyingOut:
    """Write one that is being called."""
    return {
        **verified_number_out(number, now),
        "code": code,
        "expires_on": stamp(number.expires_on),
    }
