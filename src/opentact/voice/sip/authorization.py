"""What digest authentication says in headers: challenges and the answers to them (RFC 7616).

Only what we can use is read: MD5 and SHA-256 with `qop=auth`. Everything else raises ValueError.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from opentact.voice.sip.lexical import TOKEN_CHARS, unquote

# Strongest first: the order of our challenges (RFC 8760 2.4) and of our choice among others'.
ALGORITHMS = ("SHA-256", "MD5")
MAX_PARAMS = 32  # RFC 7616 names 12

_PARAM = re.compile(
    rf'\s*([{TOKEN_CHARS}]+)\s*=\s*("(?:[^"\\]|\\.)*"|[^\s,"]+)\s*(?:,|$)', re.DOTALL
)
_COUNT = re.compile(r"[0-9A-Fa-f]{8}")


@dataclass(frozen=True, slots=True)
class Challenge:
    """Somebody wants to know who we are: WWW-Authenticate or Proxy-Authenticate."""

    realm: str
    nonce: str
    algorithm: str = "MD5"
    qop: bool = True
    opaque: str | None = None
    stale: bool = False

    @classmethod
    def parse(cls, text: str) -> "Challenge":
        """Read it. Raises ValueError when it is none, or one that we cannot answer."""
        params = _parse(text)
        algorithm = _algorithm(params)
        offered = [each.strip().lower() for each in params.get("qop", "").split(",") if each]
        if "realm" not in params or not params.get("nonce"):
            raise ValueError("a challenge without realm or nonce")
        if offered and "auth" not in offered:
            raise ValueError(f"not a quality of protection we know: {params['qop'][:40]!r}")
        return cls(
            params["realm"],
            params["nonce"],
            algorithm,
            bool(offered),
            params.get("opaque"),
            params.get("stale", "").lower() == "true",
        )


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer to a challenge of ours: Authorization or Proxy-Authorization."""

    username: str
    realm: str
    nonce: str
    uri: str
    response: str
    algorithm: str
    cnonce: str
    count: str

    @classmethod
    def parse(cls, text: str) -> "Answer":
        """Read it. Raises ValueError when it is none, or none to what we ask."""
        params = _parse(text)
        algorithm = _algorithm(params)
        if params.get("qop", "").lower() != "auth" or not _COUNT.fullmatch(params.get("nc", "")):
            raise ValueError("an answer without qop=auth and its count")
        try:
            return cls(
                params["username"],
                params["realm"],
                params["nonce"],
                params["uri"],
                params["response"].lower(),
                algorithm,
                params["cnonce"],
                params["nc"],
            )
        except KeyError as missing:
            raise ValueError(f"an answer without {missing}") from None


def find_answer(values: Iterable[str], realm: str) -> Answer | None:
    """Pick the answer for our realm from all that a request brings, if it can be read."""
    for value in values:
        try:
            answer = Answer.parse(value)
        except ValueError:
            continue
        if answer.realm.lower() == realm.lower():
            return answer
    return None


def _algorithm(params: Mapping[str, str]) -> str:
    algorithm = params.get("algorithm", "MD5").upper()
    if algorithm not in ALGORITHMS:
        raise ValueError(f"not an algorithm we know: {algorithm[:40]!r}")
    return algorithm


def _parse(text: str) -> dict[str, str]:
    scheme, _, rest = text.strip().partition(" ")
    if scheme.lower() != "digest":
        raise ValueError(f"not Digest: {scheme[:40]!r}")
    params: dict[str, str] = {}
    at = 0
    while at < len(rest):
        match = _PARAM.match(rest, at)
        if match is None or len(params) >= MAX_PARAMS:
            raise ValueError(f"not a parameter of Digest: {rest[at : at + 40]!r}")
        # The first one counts: what comes twice is what confuses two readers.
        params.setdefault(match[1].lower(), unquote(match[2]))
        at = match.end()
    return params
