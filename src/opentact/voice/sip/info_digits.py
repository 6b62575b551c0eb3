"""Digits that come as SIP INFO: `application/dtmf-relay` (Cisco's) and `application/dtmf`.

No RFC says what these bodies are; this reads what phones and gateways send:
`Signal=5` and `Duration=160`, or the bare digit.
"""

import re
from dataclasses import dataclass

from opentact.voice.sip.headers import media_type

# What is sent when nothing is said of it, and the longest press that is believed.
USUAL_MS = 160
MAX_MS = 10_000

_SIGNAL = re.compile(r"^\s*signal\s*=\s*(\S+)\s*$", re.IGNORECASE | re.MULTILINE)
_DURATION = re.compile(r"^\s*duration\s*=\s*(\d{1,9})\s*$", re.IGNORECASE | re.MULTILINE)
_DIGITS = frozenset("0123456789*#ABCD")
# RFC 4733 3.2 numbers the events; some gateways send the number of * and #.
_NUMBERED = {"10": "*", "11": "#", "12": "A", "13": "B", "14": "C", "15": "D"}


@dataclass(frozen=True, slots=True)
class InfoDigit:
    """One key, and for how long it was pressed, in milliseconds."""

    digit: str
    ms: int = USUAL_MS


def read_info_digit(content_type: str, body: bytes) -> InfoDigit | None:
    """Read the key that an INFO tells of; None when it tells of none."""
    kind = media_type(content_type)
    if kind not in ("application/dtmf-relay", "application/dtmf"):
        return None
    text = body[:200].decode("ascii", "replace")
    signal = _SIGNAL.search(text)
    duration = _DURATION.search(text)
    # Of `application/dtmf` there are both spellings.
    written = signal[1] if signal else text.strip()
    digit = _NUMBERED.get(written, written.upper())
    if digit not in _DIGITS:
        return None
    return InfoDigit(digit, min(int(duration[1]), MAX_MS) if duration else USUAL_MS)
