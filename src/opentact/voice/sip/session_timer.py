"""Session timers (RFC 4028): how both sides notice that the other one is gone.

Pure values: what a header says, what two sides agree on, and when to refresh or give up. A
peer without timers is refreshed by us, and so is noticed too when it vanishes.
"""

import re
from dataclasses import dataclass

from opentact.voice.sip.lexical import find_param, parse_params
from opentact.voice.sip.message import Request, Response

# RFC 4028 section 4: less than 90 s would cost more than it is worth; 1800 s is recommended.
LEAST_S = 90
USUAL_S = 1800
# RFC 4028 section 10: who waits for a refresh gives up this much before the end.
MARGIN_S = 32.0
# A refresh that was refused for the moment is tried again after this.
AGAIN_S = 30.0
# RFC 3326, Q.850 102: recovery on timer expiry.
EXPIRED = ("reason", 'Q.850;cause=102;text="Session expired"')

_SECONDS = re.compile(r"\d{1,10}")


@dataclass(frozen=True, slots=True)
class Policy:
    """What we propose, and the least that we agree to, in seconds."""

    seconds: int = USUAL_S
    least: int = LEAST_S


@dataclass(frozen=True, slots=True)
class SessionExpires:
    """`refresher` is "uac" or "uas" (of the request that set the timer), None when unsaid."""

    seconds: int
    refresher: str | None = None

    @classmethod
    def parse(cls, text: str) -> "SessionExpires":
        """Read the header. Raises ValueError when it is none."""
        number, semicolon, params = text.partition(";")
        seconds = _read_seconds(number)
        refresher = find_param(parse_params(";" + params), "refresher") if semicolon else None
        known = refresher.lower() if refresher else None
        return cls(seconds, known if known in ("uac", "uas") else None)

    def __str__(self) -> str:
        return f"{self.seconds};refresher={self.refresher}" if self.refresher else f"{self.seconds}"


@dataclass(frozen=True, slots=True)
class Terms:
    """What holds from a 2xx on. `ours`: it is we who refresh."""

    seconds: int
    ours: bool


@dataclass(slots=True)
class SessionTimer:
    """When to refresh (None: the peer does), and when the session is over."""

    refresh_at: float | None
    expires_at: float

    @classmethod
    def start(cls, terms: Terms, now: float) -> "SessionTimer":
        if terms.ours:
            return cls(now + terms.seconds / 2, now + terms.seconds)
        return cls(None, now + terms.seconds - min(MARGIN_S, terms.seconds / 3))

    @property
    def wake_at(self) -> float:
        return self.expires_at if self.refresh_at is None else self.refresh_at

    def take_refresh(self, now: float) -> bool:
        """Tell whether a refresh is due; it counts as done, until `again`."""
        due = self.refresh_at is not None and self.refresh_at <= now
        if due:
            self.refresh_at = None
        return due

    def again(self, now: float) -> None:
        """Refresh once more, if there is time; the last attempt came to nothing."""
        at = now + AGAIN_S
        self.refresh_at = at if at < self.expires_at else None


def too_brief(request: Request, policy: Policy) -> bool:
    """Tell whether to refuse with 422 (RFC 4028 section 9): only whom can understand it."""
    asked = _session_expires(request)
    return asked is not None and asked.seconds < policy.least and supports(request)


def supports(message: Request | Response) -> bool:
    """Tell whether the other side knows session timers."""
    return any("timer" in message.each(name) for name in ("supported", "require"))


def agree(request: Request, policy: Policy) -> tuple[Terms, list[tuple[str, str]]]:
    """Decide as server: the terms, and the headers of the 2xx that say so (RFC 4028 section 9)."""
    asked, known = _session_expires(request), supports(request)
    if asked is None or asked.seconds < policy.least:
        asked = SessionExpires(policy.seconds)
    seconds = max(min(asked.seconds, policy.seconds), read_min_se(request) or 0)
    # Who does not know timers cannot refresh; else whoever asked does, unless it wants us to.
    refresher = (asked.refresher or "uac") if known else "uas"
    headers = [("session-expires", str(SessionExpires(seconds, refresher)))]
    headers += [("require", "timer")] if known else []
    return Terms(seconds, refresher == "uas"), headers


def settle(answer: Response, policy: Policy) -> Terms:
    """Read as client what the 2xx settled (RFC 4028 section 7.2)."""
    said = _session_expires(answer)
    if said is None:
        return Terms(policy.seconds, ours=True)
    # Less than the least is against the RFC, and would have us refresh without pause.
    return Terms(max(said.seconds, policy.least), said.refresher != "uas")


def read_min_se(message: Request | Response) -> int | None:
    """Read Min-SE; None when it is absent, unreadable, or longer than a day (nobody means it)."""
    written = message.first("min-se")
    try:
        seconds = _read_seconds(written.partition(";")[0]) if written else None
    except ValueError:
        return None
    return seconds if seconds is not None and seconds <= 86_400 else None  # noqa: PLR2004 - a day


def _session_expires(message: Request | Response) -> SessionExpires | None:
    written = message.first("session-expires")
    try:
        return SessionExpires.parse(written) if written else None
    except ValueError:
        return None  # optional (RFC 4028 section 4), so an unreadable one is as good as none


def _read_seconds(text: str) -> int:
    text = text.strip()
    if not _SECONDS.fullmatch(text):
        raise ValueError(f"not seconds: {text[:40]!r}")
    return int(text)
