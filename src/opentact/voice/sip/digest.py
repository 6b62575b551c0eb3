"""Digest authentication for SIP, both sides: RFC 3261 section 22, RFC 7616, RFC 8760.

As server, `Challenger` writes challenges (SHA-256 first, then MD5) and judges the answers. As
client, `answer_challenge` answers a challenge. `qop=auth` is always offered, and without it
nobody is let in: only with it does an answer count, so only with it can a replay be told.
"""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from enum import Enum, auto
from hashlib import md5, sha256
from struct import Struct

from opentact.voice.sip.authorization import ALGORITHMS, Answer, Challenge
from opentact.voice.sip.lexical import quote

# A phone that refreshes every minute comes with the same nonce; one that comes less often pays
# one more round trip. What is stolen is worth nothing after that.
LIFETIME_S = 300.0
# Nonces that somebody has used, within their lifetime; about 100 bytes each.
MAX_USED = 100_000

_NONCE = Struct(">QQ")  # when it was made, in milliseconds; which one it is
_MAC_BYTES = 16


class Outcome(Enum):
    PROVEN = auto()  # knows the password
    STALE = auto()  # the nonce is old, not ours or was counted before: try again with a new one
    WRONG = auto()  # unknown, or another password: nobody is told which


@dataclass(frozen=True, slots=True)
class Ha1s:
    """What stands for a password: hex of H(username:realm:password).

    `md5_full` (Opentact's HA1B) is of a username that has the realm in it, `login@domain`.
    """

    md5: str
    sha256: str | None = None
    md5_full: str | None = None
    sha256_full: str | None = None


@dataclass(frozen=True, slots=True)
class Credentials:
    """Who we are to somebody else: a username with its password, or with what stands for it."""

    username: str
    password: str | None = None
    ha1s: Ha1s | None = None

    def ha1(self, algorithm: str, realm: str) -> str:
        """Work out H(username:realm:password). Raises ValueError when it cannot be known."""
        if self.password is not None:
            return ha1(self.username, realm, self.password, algorithm)
        known = self.ha1s and (self.ha1s.md5 if algorithm == "MD5" else self.ha1s.sha256)
        if not known:
            raise ValueError(f"no {algorithm} credentials")
        return known

    def __repr__(self) -> str:
        return f"<Credentials {self.username!r}>"  # never the password: it would be in a log


def answer_challenge(
    challenge: Challenge | str,
    method: str,
    uri: str,
    credentials: Credentials,
    cnonce: str,
    count: int,
) -> str:
    """Write the value of Authorization or Proxy-Authorization.

    `cnonce` is a word of ours that nobody guesses; `count` is how often we have used the nonce,
    this time included. Raises ValueError for a challenge that cannot be answered.
    """
    if isinstance(challenge, str):
        challenge = Challenge.parse(challenge)
    known = credentials.ha1(challenge.algorithm, challenge.realm)
    nc = f"{count:08x}" if challenge.qop else None
    response = _response(challenge.algorithm, known, (method, uri), (challenge.nonce, nc, cnonce))
    parts = [
        f"username={quote(credentials.username)}",
        f"realm={quote(challenge.realm)}",
        f"nonce={quote(challenge.nonce)}",
        f"uri={quote(uri)}",
        f'response="{response}"',
        f"algorithm={challenge.algorithm}",
    ]
    parts += [f"qop=auth, nc={nc}, cnonce={quote(cnonce)}"] if challenge.qop else []
    parts += [f"opaque={quote(challenge.opaque)}"] if challenge.opaque is not None else []
    return "Digest " + ", ".join(parts)


def ha1(username: str, realm: str, password: str, algorithm: str = "MD5") -> str:
    """Hash what stands for a password."""
    return _hash(algorithm, f"{username}:{realm}:{password}")


class Challenger:
    """Challenges and judges. `secret` is random, and this process's alone.

    So a nonce is good only where its uses are counted; another node, or this one after a
    restart, calls it stale, which costs the client one more round trip and nothing else.
    """

    def __init__(self, secret: bytes) -> None:
        self._secret = secret
        self._made = 0
        # Highest count by nonce, by the period it was made in: what is older than one lifetime
        # goes at once. Only who knew a password gets in here.
        self._used: dict[int, dict[int, int]] = {}
        self._floor = 0  # nonces up to this one are stale
        self._decoy = hmac.digest(secret, b"decoy", "sha256").hex()

    def __len__(self) -> int:
        """Count the nonces that are remembered as used."""
        return sum(map(len, self._used.values()))

    def challenges(
        self, realm: str, now: float, *, stale: bool = False, only: str | None = None
    ) -> list[str]:
        """Write the values of WWW-Authenticate or Proxy-Authenticate, one header each.

        `only` names one algorithm for who stumbles over the others.
        Nothing is kept: a flood of requests that are challenged costs no memory.
        """
        self._made += 1
        body = _NONCE.pack(int(now * 1000), self._made)
        nonce = urlsafe_b64encode(body + self._mac(body, realm)).decode()
        more = ", stale=true" if stale else ""
        return [
            f'Digest realm={quote(realm)}, nonce="{nonce}", algorithm={algorithm}, qop="auth"{more}'
            for algorithm in ((only,) if only else ALGORITHMS)
        ]

    def is_fresh(self, answer: Answer, now: float) -> bool:
        """Tell whether the nonce is ours, young, and not counted that far yet.

        To be asked before somebody looks the user up: a made-up nonce is not worth that.
        """
        return self._usable(answer, now) is not None

    def was_counted(self, answer: Answer, now: float) -> bool:
        """Tell whether somebody comes again with an answer that has let somebody in before."""
        made = self._made_of(answer, now)
        return made is not None and int(answer.count, 16) <= self._counted(*made)

    def check(
        self, answer: Answer, method: str, realm: str, known: Ha1s | None, now: float
    ) -> Outcome:
        """Judge an answer; `known` is None for a user nobody knows.

        Takes the same time whoever it is, and counts the nonce as used when it is right.
        """
        usable = self._usable(answer, now)
        if usable is None or answer.realm.lower() != realm.lower():
            return Outcome.STALE
        expected = _response(
            answer.algorithm,
            self._ha1_of(known, answer),
            (method, answer.uri),
            (answer.nonce, answer.count, answer.cnonce),
        )
        is_right = hmac.compare_digest(
            expected.encode(), answer.response.encode("utf-8", "surrogateescape")
        )
        if not is_right or known is None:
            return Outcome.WRONG
        self._count(*usable, int(answer.count, 16), now)
        return Outcome.PROVEN

    def _ha1_of(self, known: Ha1s | None, answer: Answer) -> str:
        # A login may be an e-mail address: what follows its @ is not our domain.
        is_full = answer.username.lower().endswith(f"@{answer.realm.lower()}")
        if known is None:
            found = None
        elif answer.algorithm == "MD5":
            found = known.md5_full if is_full else known.md5
        else:
            found = known.sha256_full if is_full else known.sha256
        return found or (self._decoy if answer.algorithm == "SHA-256" else self._decoy[:32])

    def _usable(self, answer: Answer, now: float) -> tuple[float, int] | None:
        made = self._made_of(answer, now)
        return made if made and int(answer.count, 16) > self._counted(*made) else None

    def _made_of(self, answer: Answer, now: float) -> tuple[float, int] | None:
        """Give when the nonce was made and which one it is; None when it is of no use."""
        try:
            raw = urlsafe_b64decode(answer.nonce.encode("ascii"))
        except ValueError:
            return None
        body = raw[: _NONCE.size]
        mac = self._mac(body, answer.realm)
        if len(body) < _NONCE.size or not hmac.compare_digest(mac, raw[_NONCE.size :]):
            return None
        made_at, number = _NONCE.unpack(body)
        made_at /= 1000
        is_old = now > made_at + LIFETIME_S or number <= self._floor
        return None if is_old else (made_at, number)

    def _counted(self, made_at: float, number: int) -> int:
        return self._used.get(_period(made_at), {}).get(number, 0)

    def _count(self, made_at: float, number: int, count: int, now: float) -> None:
        for period in [each for each in self._used if each < _period(now) - 1]:
            del self._used[period]
        if len(self) >= MAX_USED:
            # Whatever is out there is called stale: forgotten counts could be used again.
            self._used.clear()
            self._floor = self._made
            return
        self._used.setdefault(_period(made_at), {})[number] = count

    def _mac(self, body: bytes, realm: str) -> bytes:
        told = body + realm.lower().encode("utf-8", "surrogateescape")
        return hmac.digest(self._secret, told, "sha256")[:_MAC_BYTES]


def _period(moment: float) -> int:
    return int(moment // LIFETIME_S)


def _response(
    algorithm: str, known: str, request: tuple[str, str], once: tuple[str, str | None, str]
) -> str:
    """RFC 7616 3.4.1; without a count, the form of RFC 2069 that some carriers still ask for."""
    nonce, count, cnonce = once
    asked = _hash(algorithm, ":".join(request))
    middle = nonce if count is None else f"{nonce}:{count}:{cnonce}:auth"
    return _hash(algorithm, f"{known}:{middle}:{asked}")


def _hash(algorithm: str, text: str) -> str:
    data = text.encode("utf-8", "surrogateescape")
    if algorithm == "SHA-256":
        return sha256(data).hexdigest()
    return md5(data, usedforsecurity=False).hexdigest()
