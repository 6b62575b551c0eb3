"""`opentact drill tollfraud`: thieves at work against a server of ours, over real SIP.

They scan, call as strangers, guess passwords, use a stolen password and a hijacked trunk to call
what pays them. Each attack comes from an address of its own within 127.0.66.0/24; the server is
told to take the loopback for strangers. What the calls would have cost is the rate deck's price
of an hour each, which is how long thieves keep them up.
"""

import asyncio
import re
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import cycle, islice
from typing import Any

from opentact.adapters.sip.endpoint import SipEndpoint
from opentact.kit.money import ZERO
from opentact.voice.sip.digest import Credentials
from opentact.voice.sip.effects import ENDS, Answered, Refused

from .drill_ground import LIMITS, Prey

# Premium, satellite and revenue share numbers, as they are dialled by thieves; none can be reached
# from here, as the only carrier is the simulated one.
DEAR = ("+19005550100", "+882139999999", "+18095550101", "+5355550100", "+447055550100")
CHEAP = ("+12125550142", "+12125550143", "+12125550144")  # open, so only limits stop them
SCANNERS, STRANGERS, GUESSERS, THIEVES = (f"127.0.66.{n}" for n in range(1, 5))
HIJACKED = "127.0.66.5"
SECONDS_OF_THEFT = 3_600
SILENCE_S = 3.0  # who has not answered by then does not
AT_ONCE = 8
SDP = (
    b"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
    b"m=audio 40000 RTP/AVP 0\r\n"
)
_RULE = re.compile(r";rule=([a-z_]+)")


@dataclass
class Attack:
    """What one kind of attack came to. `stopped_by` counts by rule, or by what was answered."""

    name: str
    source: str
    tries: int = 0
    through: int = 0
    stopped_by: Counter[str] = field(default_factory=Counter)
    would_cost: Decimal = ZERO
    allowed: int = 0

    @property
    def is_within(self) -> bool:
        """Whether no more got through than the limits allow."""
        return self.through <= self.allowed and self.tries > 0


@dataclass(frozen=True)
class Report:
    """The whole drill. `cost` is what the account was charged."""

    attacks: list[Attack]
    cost: Decimal
    limit: Decimal

    @property
    def would_cost(self) -> Decimal:
        """What all calls would have cost, had they been let out."""
        return sum((each.would_cost for each in self.attacks), ZERO)

    @property
    def is_within(self) -> bool:
        """Whether everything was stopped within the limits."""
        return self.cost <= self.limit and all(each.is_within for each in self.attacks)


async def play(prey: Prey, size: int) -> Report:
    """Play every attack, `size` attempts each, and tell what came of it."""
    before = await prey.balance()
    attacks = [
        await _scan(prey, size),
        await _call_as_strangers(prey, size),
        await _guess(prey, size),
        await _use_stolen_password(prey, size),
        await _use_hijacked_trunk(prey, size),
    ]
    cost = before - await prey.balance()
    return Report(attacks, cost, LIMITS.daily_spend)


async def _scan(prey: Prey, size: int) -> Attack:
    attack = Attack("scanning", SCANNERS)
    async with _thief(SCANNERS, "friendly-scanner") as thief:
        asked = [
            thief.ask("OPTIONS", f"sip:{n}@{prey.place}", to=f"sip:{n}@{prey.place}", caller=_me(n))
            for n in range(100, 100 + size)
        ]
        answered = await _answered(asked)
    attack.tries, attack.through = size, len(answered)
    attack.stopped_by["guard: silence"] = size - len(answered)
    await _count_ban(prey, attack)
    return attack


async def _call_as_strangers(prey: Prey, size: int) -> Attack:
    attack = Attack("calls of strangers", STRANGERS)
    async with _thief(STRANGERS, "phone 1.0") as thief:
        await _calls(prey, attack, thief, _numbers((*DEAR, *CHEAP), size), "sip:100@127.0.66.2")
    await _count_ban(prey, attack)
    return attack


async def _guess(prey: Prey, size: int) -> Attack:
    attack = Attack("guessing a password", GUESSERS)
    aor = f"sip:{prey.login}@{prey.domain}"
    async with _thief(GUESSERS, "phone 1.0") as thief:
        for n in range(size):
            reply = thief.ask(
                "REGISTER",
                f"sip:{prey.domain}",
                to=aor,
                caller=aor,
                destination=prey.address,
                headers=[("contact", f"<sip:{prey.login}@{thief.local}>")],
                credentials=Credentials(prey.login, f"guess {n}"),
            )
            attack.tries += 1
            for status in await _answered([reply], 0.5):
                attack.through += status == 200  # noqa: PLR2004 - registered
                attack.stopped_by[f"registrar: {status}"] += status != 200  # noqa: PLR2004
    attack.stopped_by["guard: silence"] = size - attack.stopped_by.total() - attack.through
    await _count_ban(prey, attack)
    return attack


async def _use_stolen_password(prey: Prey, size: int) -> Attack:
    attack = Attack("a stolen password", THIEVES, allowed=LIMITS.channels)
    stolen = Credentials(prey.login, prey.password)
    async with _thief(THIEVES, "phone 1.0") as thief:
        numbers = _numbers((*DEAR, *CHEAP), size)
        await _calls(prey, attack, thief, numbers, f"sip:{prey.login}@{prey.domain}", stolen)
    return attack


async def _use_hijacked_trunk(prey: Prey, size: int) -> Attack:
    attack = Attack("a hijacked trunk", HIJACKED, allowed=LIMITS.channels)
    async with _thief(HIJACKED, "pbx 1.0") as thief:
        await prey.give_trunk(thief.local.host, thief.local.port)
        numbers = _numbers((*DEAR, *CHEAP), size)
        await _calls(prey, attack, thief, numbers, f"sip:{prey.number}@{HIJACKED}")
    return attack


async def _calls(
    prey: Prey,
    attack: Attack,
    thief: SipEndpoint,
    numbers: Iterable[str],
    caller: str,
    credentials: Credentials | None = None,
) -> None:
    """Place the calls, some at once; whatever is answered is kept up to the end."""
    turns = asyncio.Semaphore(AT_ONCE)

    async def one(number: str) -> None:
        async with turns:
            uri = f"sip:{number}@{prey.place}"
            leg = thief.call(uri, to=uri, caller=caller, sdp=SDP, credentials=credentials)
            attack.tries += 1
            attack.would_cost += await prey.price(number, SECONDS_OF_THEFT)
            try:
                async with asyncio.timeout(SILENCE_S):
                    while not isinstance(event := await leg.events.get(), (Answered, *ENDS)):
                        pass
            except TimeoutError:
                attack.stopped_by["guard: silence"] += 1
                return
            if isinstance(event, Answered):
                attack.through += 1
            else:
                attack.stopped_by[_why(event)] += 1

    await asyncio.gather(*map(one, numbers))


def _why(event: object) -> str:
    if not isinstance(event, Refused):
        return type(event).__name__.lower()
    rule = _RULE.search(event.reason or "")
    return f"rule: {rule[1]}" if rule else f"edge: {event.status}"


async def _count_ban(prey: Prey, attack: Attack) -> None:
    reason = await prey.ban_reason(attack.source)
    if reason:
        attack.stopped_by[f"banned: {reason}"] += 0
    else:
        attack.allowed = -1  # what nobody noticed goes on for ever


async def _answered(asked: Iterable[Awaitable[Any]], seconds: float = SILENCE_S) -> list[int]:
    """Give the statuses of what is answered in time."""
    futures = [asyncio.ensure_future(each) for each in asked]
    done, _ = await asyncio.wait(futures, timeout=seconds)
    return [each.result().status for each in done]


@asynccontextmanager
async def _thief(host: str, agent: str) -> AsyncIterator[SipEndpoint]:
    thief = await SipEndpoint.open(host, 0, on_call=lambda leg: leg.reject(480), user_agent=agent)
    try:
        yield thief
    finally:
        await thief.close(grace=1.0)


def _numbers(numbers: Iterable[str], size: int) -> list[str]:
    return list(islice(cycle(numbers), size))


def _me(n: int) -> str:
    return f"sip:{n}@{SCANNERS}"
