"""What is taken for an attack, and how much each sign of it weighs.

A source is banned at 100 points. Points leak away, 20 a minute: a phone with an old password
that tries once a minute is never banned, a program that guesses is after ten attempts.
"""

from collections.abc import Mapping
from dataclasses import dataclass

BAN_AT = 100.0
LEAK_PER_S = 100.0 / 300.0
# Phones behind one address, and customers' PBXs, may err as an office does.
KNOWN_FACTOR = 10.0
# Guesses at one user from many sources, and what each then weighs: one source alone would
# never have been noticed.
GUESSES_AT_ONE_USER = 50
UNDER_ATTACK_POINTS = 50.0


@dataclass(frozen=True, slots=True)
class Offence:
    """A sign of an attack, in the words of the list of bans."""

    points: float
    words: str


OFFENCES: Mapping[str, Offence] = {
    "scanner": Offence(100, "scanned for telephone systems"),
    "wrong_password": Offence(10, "guessed passwords of SIP users or trunks"),
    "unknown_user": Offence(10, "logged in as users that are not there"),
    "unknown_domain": Offence(5, "registered at domains that are not here"),
    "foreign_address": Offence(5, "registered somebody else's address"),
    "replayed_login": Offence(5, "replayed somebody's login"),
    "foreign_call": Offence(5, "spoke in somebody else's call"),
    "stranger": Offence(10, "called without being known"),
    "malformed": Offence(2, "sent what is no SIP"),
    "flood": Offence(0.2, "sent faster than the limit"),
}
OTHER = Offence(5, "did what only attackers do")

# Seconds of the first ban, the second, and so on; the last is for all that follow.
LADDER = (600, 3_600, 21_600, 86_400, 604_800)


def duration(times: int) -> int:
    """Tell for how long somebody is banned for the `times`-th time, from 1; seconds."""
    return LADDER[min(times, len(LADDER)) - 1]
