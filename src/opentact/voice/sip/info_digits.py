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
# What a key is sent on with: long enough to be told from speech (Q.24), and no longer than one
# that somebody leans on.
SHORTEST_MS, LONGEST_MS = 70, 1_000
# RFC 4733 3.2 numbers the events; some gateways send the number of * and #.
_NUMBERED = {"10": "*", "11": "#", "12": "A", "13": "B", "14": "C", "15": "D"}


@dataclass(frozen=True, slots=True)
class InfoDigit:
    """One key, and for how long it was pressed, in milliseconds."""

    digit: str
    ms: int = USUAL_MS

    @property
    def tone_ms(self) -> int:
        """For how long it sounds where it is sent on."""
        return max(SHORTEST_MS, min(self.ms, LONGEST_MS))


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


def write_info_digit(key: InfoDigit) -> tuple[str, bytes]:
    """Write the content type and the body of an INFO that tells of a key, as most read it."""
    body = f"Signal={key.digit}\r\nDuration={key.tone_ms}\r\n"
    return "application/dtmf-relay", body.encode()
