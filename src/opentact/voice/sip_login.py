"""Whether somebody at the SIP edge is the user they say they are: REGISTER (401) and INVITE (407).

Every request proves itself by digest. Where it comes from is no proof, not even when a phone is
registered from there: a datagram's source is easily forged, and behind one NAT sit many phones
(docs/decisions/0071).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from .sip.authorization import Answer, find_answer
from .sip.digest import Challenger, Outcome
from .sip.machine import Address
from .sip.message import Request
from .sip_directory import Found, KnownDomain, KnownUser, SipDirectory

Suspect = Callable[[Address, str, str], None]
"""Told of what only guessers and scanners do: from where, what (a word), and its detail."""

Headers = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Challenge:
    """Who it is must be proven first: refuse with this status and these headers."""

    status: int
    headers: Headers
    domain: KnownDomain


@dataclass(frozen=True, slots=True)
class Nobody:
    """Not a matter of ours: the domain is not here. `unknown` is False when that is not known."""

    unknown: bool = True


@dataclass(frozen=True, slots=True)
class Door:
    """Where credentials are asked for: the status, and both headers."""

    status: int
    asks: str
    answers: str


REGISTRAR = Door(401, "www-authenticate", "authorization")
PROXY = Door(407, "proxy-authenticate", "proxy-authorization")


class SipLogins:
    """Judges credentials. `now` tells seconds; `suspect` hears of what looks like an attack."""

    def __init__(
        self,
        directory: SipDirectory,
        challenger: Challenger,
        now: Callable[[], float],
        suspect: Suspect,
        old_agents: Sequence[str] = (),
    ) -> None:
        """`old_agents` are beginnings of User-Agents that know nothing but MD5.

        Some give up at the sight of another algorithm, even beside MD5 (docs/decisions/0070).
        """
        self.directory = directory
        self.suspect = suspect
        self._challenger = challenger
        self._now = now
        self._old_agents = tuple(each.lower() for each in old_agents)

    async def who(self, request: Request, source: Address) -> KnownUser | Challenge | Nobody:
        """Tell who sends a request (an INVITE) from `source` as a user of a domain here.

        The domain is the one of From. `Nobody` when it is not hosted here: then it is somebody
        else's business, or nobody's.
        """
        try:
            realm = realm_of(request.sender.sip_uri.host)
        except ValueError:
            return Nobody()
        answer = self.answer_of(request, realm, PROXY)
        found = await self.directory.of(realm, self.login_to_find(answer))
        if found is None:
            return Nobody(unknown=False)
        if found.domain is None:
            return Nobody()
        return self.judge(found, answer, request, source, PROXY)

    def answer_of(self, request: Request, realm: str, door: Door) -> Answer | None:
        """Read the request's credentials for the realm."""
        return find_answer(request.headers.get(door.answers, ()), realm)

    def login_to_find(self, answer: Answer | None) -> str | None:
        """Tell whom to look up: nobody, when the answer is to no question of ours."""
        if answer is None or not self._challenger.is_fresh(answer, self._now()):
            return None
        return login_of(answer)

    def judge(
        self, found: Found, answer: Answer | None, request: Request, source: Address, door: Door
    ) -> KnownUser | Challenge:
        """Judge the credentials of a request to a domain that was found, and perhaps its user."""
        domain, now = found.domain, self._now()
        if domain is None:
            raise ValueError("nobody logs in where there is no domain")
        if answer is None:
            return self._challenge(domain, door, request)
        known = found.user
        outcome = self._challenger.check(
            answer, request.method, domain.name, None if known is None else known.ha1s, now
        )
        if outcome is Outcome.PROVEN and known is not None:
            return known
        if outcome is Outcome.WRONG:
            what = "unknown_user" if known is None else "wrong_password"
            self.suspect(source, what, f"{login_of(answer)[:80]}@{domain.name}")
        elif self._challenger.was_counted(answer, now):
            self.suspect(source, "replayed_login", f"{login_of(answer)[:80]}@{domain.name}")
        return self._challenge(domain, door, request, stale=outcome is Outcome.STALE)

    def _challenge(
        self, domain: KnownDomain, door: Door, request: Request, *, stale: bool = False
    ) -> Challenge:
        agent = (request.first("user-agent") or "").lower()
        only = "MD5" if agent.startswith(self._old_agents) else None
        values = self._challenger.challenges(domain.name, self._now(), stale=stale, only=only)
        return Challenge(door.status, [(door.asks, value) for value in values], domain)


def realm_of(host: str) -> str:
    """Write the name of a domain as it is kept."""
    return host.lower().removesuffix(".")


def login_of(answer: Answer) -> str:
    """Read the login out of a username, which may have the domain behind it."""
    login, _, domain = answer.username.rpartition("@")
    return login if login and domain.lower() == answer.realm.lower() else answer.username
