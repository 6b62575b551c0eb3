"""A registration that we keep up at somebody else's registrar: RFC 3261 section 10.2.

There is no socket and no clock here: `due` gives the REGISTER to send now, `replied` takes its
final answer, `wake_at` says when `due` has something next. What is refused is asked again, ever
more slowly and never at the same moment as others (RFC 5626 section 4.5).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from opentact.voice.sip.effects import Reply
from opentact.voice.sip.headers import NameAddr
from opentact.voice.sip.lexical import find_param, split_list
from opentact.voice.sip.uri import SipUri

BASE_PAUSE_S = 30.0  # RFC 5626 4.5: base-time, when nothing else works either
LONGEST_PAUSE_S = 1800.0  # RFC 5626 4.5: max-time
# Asked anew when this much of what was granted is over: then two more attempts have time.
REFRESH_AT = 0.8
LONGEST_EXPIRES = 86_400  # what a Min-Expires may ask of us: a day
SHORTEST_EXPIRES = 20  # a registrar that grants less would have us ask all the time

OK, BAD_LOGIN, TOO_BRIEF = 200, (401, 407), 423


class RegistrationState(StrEnum):
    IDLE = "idle"
    REGISTERING = "registering"
    REGISTERED = "registered"
    FAILED = "failed"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Register:
    """A REGISTER to be sent. `number` is its CSeq; a challenge may take one more."""

    expires: int
    number: int


@dataclass(frozen=True, slots=True)
class Moved:
    """The registration went from one state to another."""

    before: RegistrationState
    after: RegistrationState
    reason: str


class RegistrationClient:
    """One binding of `contact`, asked for in portions of `expires` seconds.

    `state` and `reason` say how it is. `until` is when what was granted ends, None without.
    """

    def __init__(self, contact: str, expires: int) -> None:
        """`contact` is the URI that calls are to come to."""
        self.contact = contact
        self.state = RegistrationState.IDLE
        self.reason = "not asked yet"
        self.until: float | None = None
        self.wake_at: float | None = 0.0
        self._expires = expires
        self._number = 0
        self._failures = 0
        self._told = RegistrationState.IDLE  # the last state that was worth telling

    def due(self, now: float) -> Register | None:
        """Give the REGISTER to send now, if one is due; the next is due after its answer."""
        if self.wake_at is None or now < self.wake_at:
            return None
        self.wake_at = None
        if self.state is not RegistrationState.REGISTERED:
            self.state = RegistrationState.REGISTERING
        return self._register(self._expires)

    def replied(self, reply: Reply, now: float, chance: float) -> Moved | None:
        """Take the final answer. `chance`, from 0 up to 1, spreads the next attempts.

        Returns the move, if the registration came about, came back or was lost.
        """
        if self.state is RegistrationState.ENDED:
            return None
        if reply.status == OK:
            return self._granted(reply, now, chance)
        if reply.status == TOO_BRIEF and (longer := self._longer(reply)):
            self._expires, self.wake_at = longer, now
            return None
        return self._refused(reply, now, chance)

    def end(self) -> Register | None:
        """Give the REGISTER that takes the binding back, None if there is none to take back."""
        bound = self.until is not None
        self.state, self.wake_at, self.until = RegistrationState.ENDED, None, None
        return self._register(0) if bound else None

    def _register(self, expires: int) -> Register:
        # RFC 3261 10.2: each REGISTER of a series has a higher number. Two, as a challenged one
        # is sent once more with the next.
        self._number += 2
        return Register(expires, self._number)

    def _granted(self, reply: Reply, now: float, chance: float) -> Moved | None:
        granted = max(self._granted_seconds(reply), SHORTEST_EXPIRES)
        self._failures, self.until = 0, now + granted
        self.wake_at = now + granted * (REFRESH_AT + chance / 10)
        return self._move(RegistrationState.REGISTERED, f"for {granted} s")

    def _granted_seconds(self, reply: Reply) -> int:
        """RFC 3261 10.3, 10.2.4: the parameter of our Contact, else Expires, else as asked."""
        contacts = [*_contacts(reply)]
        mine = [each for each in contacts if _same_place(each.uri, self.contact)]
        # A registrar behind a NAT may write our address as it saw it.
        ours = mine or (contacts if len(contacts) == 1 else [])
        said = [find_param(each.params, "expires") for each in ours]
        return _seconds(*said, reply.first("expires")) or self._expires

    def _longer(self, reply: Reply) -> int | None:
        wanted = _seconds(reply.first("min-expires"))
        return wanted if wanted and self._expires < wanted <= LONGEST_EXPIRES else None

    def _refused(self, reply: Reply, now: float, chance: float) -> Moved | None:
        self._failures += 1
        pause = min(LONGEST_PAUSE_S, BASE_PAUSE_S * 2 ** min(self._failures - 1, 10))
        # RFC 5626 4.5: between half and all of it, by chance.
        pause *= 0.5 + chance / 2
        asked = _seconds(reply.first("retry-after")) or 0
        self.wake_at = now + min(LONGEST_PAUSE_S, max(pause, asked))
        why = f"{reply.status} {reply.phrase}".strip()
        if reply.status in BAD_LOGIN:
            why += ": the registrar does not take the username and password"
        if self.until is not None and now < self.until:
            # What was granted still holds: calls come in, and there is time to ask again.
            self.wake_at = min(self.wake_at, self.until)
            self.reason = f"refreshing failed: {why}"
            return None
        self.until = None
        return self._move(RegistrationState.FAILED, why)

    def _move(self, after: RegistrationState, reason: str) -> Moved | None:
        before, self._told = self._told, after
        self.state, self.reason = after, reason
        return None if before is after else Moved(before, after, reason)

    def __repr__(self) -> str:
        return f"<RegistrationClient {self.contact} {self.state.value}: {self.reason}>"


def _contacts(reply: Reply) -> Iterable[NameAddr]:
    for line in reply.headers.get("contact", ()):
        try:
            yield from [NameAddr.parse(part) for part in split_list(line)]
        except ValueError:
            continue  # unreadable: then the Expires header counts


def _same_place(theirs: str, ours: str) -> bool:
    try:
        return SipUri.parse(theirs).matches(SipUri.parse(ours))
    except ValueError:
        return False


def _seconds(*texts: str | None) -> int | None:
    for text in texts:
        digits = (text or "").split("(", 1)[0].split(";", 1)[0].strip()
        if digits.isascii() and digits.isdigit() and len(digits) <= len(str(2**32)):
            return int(digits)
    return None
