"""Answering 401 and 407 with credentials: once per realm, and again when a nonce went stale.

RFC 3261 section 22, RFC 8760. Only a request that we sent of our own will has a login, so a
stranger who calls us and challenges our BYE learns no digest (the "SIP digest leak").
"""

from collections.abc import Callable, Iterator

from opentact.voice.sip.authorization import Challenge
from opentact.voice.sip.digest import Credentials, answer_challenge
from opentact.voice.sip.message import Response

# Which header challenges, and which one answers, by status.
_HEADERS = {
    401: ("www-authenticate", "authorization"),
    407: ("proxy-authenticate", "proxy-authorization"),
}
# A proxy or two on the way may each want an answer; more realms than that is somebody fishing.
MAX_REALMS = 3
# A nonce may go stale again and again under a hostile clock; nobody honest needs more.
MAX_ROUNDS = 5


class Login:
    """The answers of one request or one call. `token` gives an unguessable cnonce."""

    def __init__(self, credentials: Credentials, token: Callable[[], str]) -> None:
        self._credentials = credentials
        self._token = token
        self._challenges: dict[tuple[int, str], Challenge] = {}
        self._counts: dict[str, int] = {}
        self._rounds = 0

    def take(self, response: Response) -> bool:
        """Take a challenge; False when it must not or cannot be answered: that is the end."""
        self._rounds += 1
        if self._rounds > MAX_ROUNDS:
            return False
        # RFC 8760 2.4: the topmost that can be answered.
        for challenge in _challenges(response):
            if self._can_answer(challenge):
                return self._take((response.status, challenge.realm), challenge)
        return False

    def knows(self, response: Response) -> bool:
        """Tell whether a challenge is of a realm that we have answered before."""
        realms = {realm for _, realm in self._challenges}
        return any(challenge.realm in realms for challenge in _challenges(response))

    def lines(self, method: str, uri: str) -> list[tuple[str, str]]:
        """Write the headers that answer what was taken; none before the first challenge."""
        return [
            (_HEADERS[status][1], self._answer(challenge, method, uri))
            for (status, _), challenge in self._challenges.items()
        ]

    def _can_answer(self, challenge: Challenge) -> bool:
        try:
            self._credentials.ha1(challenge.algorithm, challenge.realm)
        except ValueError:
            return False
        return True

    def _take(self, key: tuple[int, str], challenge: Challenge) -> bool:
        if key in self._challenges and not challenge.stale:
            return False  # it was our answer that was refused, not its age
        if key not in self._challenges and len(self._challenges) >= MAX_REALMS:
            return False
        self._challenges[key] = challenge
        return True

    def _answer(self, challenge: Challenge, method: str, uri: str) -> str:
        count = self._counts[challenge.nonce] = self._counts.get(challenge.nonce, 0) + 1
        return answer_challenge(challenge, method, uri, self._credentials, self._token(), count)


def _challenges(response: Response) -> Iterator[Challenge]:
    """Read those that are Digest and of an algorithm we know."""
    header = _HEADERS.get(response.status, ("", ""))[0]
    for written in response.headers.get(header, ()):
        try:
            yield Challenge.parse(written)
        except ValueError:
            continue
