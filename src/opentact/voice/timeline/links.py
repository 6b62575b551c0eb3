"""The link from each event of a call to the page that explains the call, for whoever has the event.

Signed, as a recording's link is, and good for as long as timelines are kept: an event is read in
a chat or a log, days later, by somebody without a login (docs/decisions/0099).
"""

import hmac
from datetime import datetime, timedelta
from uuid import UUID

from opentact.kit.faults import Fault


class BadCallLink(Fault):
    """The link is not one of ours, was altered, or has expired: take it from the call's record."""

    code = "bad_call_link"
    status = 401


class CallLinks:
    """Makes and checks them."""

    def __init__(self, secret: bytes, base: str, life: timedelta) -> None:
        """Sign with `secret`; `base` is the public URL of the API, without a slash at its end."""
        self._secret = secret
        self._base = base
        self._life = int(life.total_seconds())

    def link(self, call: UUID, now: datetime) -> str:
        """Make the link of a call."""
        expires = int(now.timestamp()) + self._life
        return f"{self._base}/calls/{call}?expires={expires}&signature={self._sign(call, expires)}"

    def check(self, call: UUID, expires: int, signature: str, now: datetime) -> None:
        """Raise `BadCallLink` unless the link is good now."""
        good = hmac.compare_digest(self._sign(call, expires).encode(), signature.encode())
        if not good or expires < now.timestamp():
            raise BadCallLink

    def _sign(self, call: UUID, expires: int) -> str:
        return hmac.digest(self._secret, b"%b:%d" % (call.bytes, expires), "sha256").hex()
