"""What goes in and out of an endpoint: counted, and shown to whoever wants to see it."""

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from opentact.voice.sip.machine import Address

OnMessage = Callable[[str, bytes, Address, str], None]
"""Called with "in" or "out", the bytes, the other side's address, and the Call-ID."""

_CALL_ID = re.compile(rb"^(?:call-id|i)[ \t]*:[ \t]*([^\r\n]*)", re.IGNORECASE | re.MULTILINE)


@dataclass(slots=True)
class Counters:
    """Messages since the endpoint was opened; `dropped` and `refused` are by reason.

    `refused` counts connections: those we did not take, closed, or could not make.
    """

    received: int = 0
    sent: int = 0
    repeated: int = 0
    not_sent: int = 0
    dropped: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)


def call_id_of(data: bytes) -> str:
    """Read the Call-ID of a message that may be anything; "" when there is none."""
    found = _CALL_ID.search(data)
    return found[1].decode("utf-8", "replace") if found else ""
