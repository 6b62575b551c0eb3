"""What a number of the simulated carrier does when it is called: its last two digits choose.

The table in docs/guide/simulator.md is held against this one by a test.
"""

import re
from dataclasses import dataclass
from enum import StrEnum


class Act(StrEnum):
    """What the far end does once it has answered."""

    TONE = "tone"
    KEYS = "keys"
    VOICEMAIL = "voicemail"
    ECHO = "echo"
    MEET = "meet"


@dataclass(frozen=True, slots=True)
class CarrierOutcome:
    """One kind of far end.

    It rings for `ring_s` seconds, with a tone to be heard if `early`; then it refuses with
    `status`, or answers and does its `act` until it has talked for `talk_s`, None for as long as
    the caller likes.
    """

    about: str
    ring_s: float = 0.5
    early: bool = False
    status: int | None = None
    act: Act = Act.TONE
    talk_s: float | None = None


KEYS = "1234#"
USUAL = CarrierOutcome("answers, and plays a tone of 440 Hz")
OUTCOMES: dict[str, CarrierOutcome] = {
    "01": CarrierOutcome(f"answers, and presses {KEYS} after a second", act=Act.KEYS),
    "02": CarrierOutcome(
        "is a voicemail: answers after 2 s, beeps, records until 2 s of silence, plays it back,"
        " hangs up",
        ring_s=2.0,
        act=Act.VOICEMAIL,
    ),
    "03": CarrierOutcome("rejects the call: 603", status=603),
    "04": CarrierOutcome("does not exist: 404", ring_s=0.0, status=404),
    "05": CarrierOutcome("answers, and hangs up after 5 s", talk_s=5.0),
    "06": CarrierOutcome("rings for 6 s, then answers", ring_s=6.0),
    "07": CarrierOutcome("answers, and sends back what it hears", act=Act.ECHO),
    "08": CarrierOutcome("rings, and never answers: 480 after 2 minutes", ring_s=120.0, status=480),
    "09": CarrierOutcome("plays ringing for 4 s before it answers (183)", ring_s=4.0, early=True),
    "10": CarrierOutcome(
        "answers, and connects two callers of the same number with each other", act=Act.MEET
    ),
    "53": CarrierOutcome("has no line free: 503", ring_s=0.0, status=503),
    "86": CarrierOutcome("is busy: 486", ring_s=0.0, status=486),
}

_DIGITS = re.compile(r"\+?([0-9]{2,})")


def outcome_of(called: str) -> CarrierOutcome | None:
    """Find what the number does; None if it is no number."""
    digits = digits_of(called)
    return OUTCOMES.get(digits[-2:], USUAL) if digits else None


def digits_of(called: str) -> str | None:
    """Read the user part of a Request-URI as a number's digits; None if it is none."""
    found = _DIGITS.fullmatch(called.split(";", 1)[0])
    return found[1] if found else None


def table() -> str:
    """Write the table of the guide."""
    rows = [f"| …{digits} | {outcome.about} |" for digits, outcome in sorted(OUTCOMES.items())]
    every = [*rows, f"| any other | {USUAL.about} |"]
    return "\n".join(["| Number | When called, it |", "|---|---|", *every]) + "\n"
