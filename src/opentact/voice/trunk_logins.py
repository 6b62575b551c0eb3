"""Trunks that prove by digest who they are, because their address does not tell.

Whoever calls from an unknown address is asked for credentials, and all of them alike: nobody
learns which usernames there are. Where no trunk has a login nobody is asked, and strangers are
refused as ever.
"""

from collections.abc import Callable

from .sip.authorization import find_answer
from .sip.digest import Challenger, Ha1s, Outcome, ha1
from .sip.machine import Address
from .sip.message import Request
from .sip_login import PROXY, Headers, Suspect
from .trunk_rows import Login
from .trunk_ways import TrunkCaller
from .trunks import Trunks


class TrunkLogins:
    """Judges credentials of trunks. `realm` is the platform's name; `now` tells seconds."""

    def __init__(
        self,
        trunks: Trunks,
        challenger: Challenger,
        realm: str,
        now: Callable[[], float],
        suspect: Suspect,
    ) -> None:
        """`suspect` hears of what only guessers do."""
        self._trunks = trunks
        self._challenger = challenger
        self._realm = realm
        self._now = now
        self._suspect = suspect
        self._known: dict[Login, Ha1s] = {}

    def who(self, request: Request, source: Address) -> TrunkCaller | Headers:
        """Tell who calls, or which headers to refuse with (407); none: nobody logs in here."""
        if not self._trunks.has_logins:
            return []
        now = self._now()
        answer = find_answer(request.headers.get(PROXY.answers, ()), self._realm)
        if answer is None:
            return self._challenge(stale=False)
        login = self._trunks.login(answer.username)
        outcome = self._challenger.check(
            answer, request.method, self._realm, self._ha1s(login), now
        )
        if outcome is Outcome.PROVEN and login is not None:
            return login.caller
        if outcome is Outcome.WRONG:
            what = "unknown_user" if login is None else "wrong_password"
            self._suspect(source, what, f"trunk {answer.username[:80]}")
        return self._challenge(stale=outcome is Outcome.STALE)

    def _challenge(self, *, stale: bool) -> Headers:
        values = self._challenger.challenges(self._realm, self._now(), stale=stale)
        return [(PROXY.asks, value) for value in values]

    def _ha1s(self, login: Login | None) -> Ha1s | None:
        """Work out once what stands for a password, so that a known name takes no longer."""
        if login is None:
            return None
        found = self._known.get(login)
        if found is None:
            if len(self._known) > 2 * self._trunks.login_count:
                self._known.clear()  # logins that are no more
            of = (login.username, self._realm, login.password)
            found = self._known[login] = Ha1s(ha1(*of), ha1(*of, "SHA-256"))
        return found
