"""The rules of a registrar: where a user's phones are, and for how long (RFC 3261 section 10).

A REGISTER is read into a `Wish`; `grant` works out the bindings that hold after it, or refuses
the whole of it; `confirm` writes them for the response. Where bindings are kept, and who may
change them, is the caller's business. Paths are RFC 3327, instances RFC 5626.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from opentact.voice.sip.headers import NameAddr
from opentact.voice.sip.lexical import find_param, quote, readable, unquote
from opentact.voice.sip.machine import Address
from opentact.voice.sip.message import Request
from opentact.voice.sip.uri import SipUri

# spec/11 D-23: how long a binding may hold, in seconds, and how many a user may have.
SHORTEST = 60
LONGEST = 3600
MOST_BINDINGS = 5
# What a binding keeps of its REGISTER, in characters: far more than any phone needs.
LONGEST_URI = 512
LONGEST_PATH = 2048
LONGEST_WORD = 256
LONGEST_AGENT = 128

_SECONDS = re.compile(r"\d{1,10}")
_WEIGHT = re.compile(r"0(?:\.\d{0,3})?|1(?:\.0{0,3})?")


class NotGranted(ValueError):  # noqa: N818 - what a registrar answers, not an error of ours
    """The registrar refuses, and changes nothing: the status, words, and headers to say it with."""

    def __init__(self, status: int, phrase: str, *headers: tuple[str, str]) -> None:
        super().__init__(phrase)
        self.status = status
        self.phrase = phrase
        self.headers = headers


@dataclass(frozen=True, slots=True)
class Binding:
    """One place where a user can be reached until `expires_at` (seconds since 1970).

    A call to it goes to `source`, where the REGISTER came from, whatever its contact says:
    behind NAT nothing else works. With a `path`, it goes along that. `q` is RFC 3261 20.10's.
    """

    contact: str
    source: Address
    call_id: str
    number: int
    expires_at: float
    since: float
    path: tuple[str, ...] = ()
    instance: str | None = None
    reg_id: int | None = None
    q: float = 1.0
    agent: str = ""

    @property
    def key(self) -> str:
        """Name it among the bindings of its user."""
        if self.instance is None:
            return self.contact
        return self.instance if self.reg_id is None else f"{self.instance};{self.reg_id}"

    @property
    def uri(self) -> SipUri:
        """The contact as a value."""
        return SipUri.parse(self.contact)

    def is_same(self, other: "Binding") -> bool:
        """Tell whether the other one takes this one's place (RFC 3261 10.3, RFC 5626 6)."""
        if self.instance is not None and other.instance is not None:
            return (self.instance, self.reg_id) == (other.instance, other.reg_id)
        return self.uri.matches(other.uri)


@dataclass(frozen=True, slots=True)
class Wish:
    """What a REGISTER wants: bindings to be set, or to be removed where `seconds` is 0.

    `everything` removes all there are. Without any, it only asks which there are.
    """

    bindings: tuple[tuple[Binding, int], ...]
    everything: bool
    call_id: str
    number: int


def read_wish(request: Request, source: Address, now: float) -> Wish:
    """Read a REGISTER that came from `source`; raises `NotGranted`."""
    try:
        values = request.each("contact")
        call_id, number = request.call_id, request.cseq.number
        path = tuple(request.each("path"))
    except ValueError as wrong:
        raise NotGranted(400, f"Bad Request: {wrong}") from None
    if len(call_id) > LONGEST_WORD or sum(map(len, path)) > LONGEST_PATH:
        raise NotGranted(400, "Bad Request: Call-ID or Path too long")
    if "*" in values:
        if len(values) > 1 or _seconds(request.first("expires")) != 0:
            raise NotGranted(400, "Bad Request: Contact * goes with Expires 0, and alone")
        return Wish((), everything=True, call_id=call_id, number=number)
    if len(values) > MOST_BINDINGS:
        raise NotGranted(400, f"Bad Request: more than {MOST_BINDINGS} contacts")
    common = {
        "source": source,
        "call_id": readable(call_id),
        "number": number,
        "since": now,
        "path": path,
        "agent": readable(request.first("user-agent") or "")[:LONGEST_AGENT],
    }
    header = _seconds(request.first("expires"))
    pairs = tuple(_read_contact(value, header, now, common) for value in values)
    return Wish(pairs, everything=False, call_id=readable(call_id), number=number)


def grant(held: Sequence[Binding], wish: Wish, now: float) -> tuple[Binding, ...]:
    """Work out which bindings hold after the wish, oldest refreshed first; or `NotGranted`."""
    left = [binding for binding in held if binding.expires_at > now]
    if wish.everything:
        for binding in left:
            _check_order(binding, wish)
        return ()
    for wanted, seconds in wish.bindings:
        if 0 < seconds < SHORTEST:
            raise NotGranted(423, "Interval Too Brief", ("min-expires", str(SHORTEST)))
        left = _set(left, wanted, seconds, wish)
    # A phone that comes back from another port each time must not lock itself out: the one
    # that was silent for longest goes.
    return tuple(left[-MOST_BINDINGS:])


def confirm(request: Request, bindings: Iterable[Binding], now: float) -> list[tuple[str, str]]:
    """Write the headers of a 200: every binding there is now, and the path if it is understood."""
    lines = [("contact", _written(binding, now)) for binding in bindings]
    if any(each.lower() == "path" for each in request.each("supported")):
        lines += [("path", value) for value in request.headers.get("path", ())]
    return lines


def _set(left: list[Binding], wanted: Binding, seconds: int, wish: Wish) -> list[Binding]:
    kept, since = [], wanted.since
    for binding in left:
        if not binding.is_same(wanted):
            kept.append(binding)
            continue
        _check_order(binding, wish)
        since = min(since, binding.since)
    return [*kept, replace(wanted, since=since)] if seconds else kept


def _check_order(binding: Binding, wish: Wish) -> None:
    """RFC 3261 10.3, steps 6 and 7: an older REGISTER that comes late changes nothing."""
    if binding.call_id == wish.call_id and wish.number <= binding.number:
        raise NotGranted(500, "Server Internal Error: CSeq is not higher than before")


def _read_contact(
    value: str, header: int | None, now: float, common: dict[str, Any]
) -> tuple[Binding, int]:
    try:
        contact = NameAddr.parse(value)
        SipUri.parse(contact.uri)
    except ValueError as wrong:
        raise NotGranted(400, f"Bad Request: {wrong}") from None
    instance = find_param(contact.params, "+sip.instance")
    reg_id = find_param(contact.params, "reg-id")
    if len(contact.uri) > LONGEST_URI or len(instance or "") > LONGEST_WORD:
        raise NotGranted(400, "Bad Request: Contact too long")
    own = find_param(contact.params, "expires")
    seconds = _seconds(own) if own is not None else header
    seconds = LONGEST if seconds is None else min(seconds, LONGEST)
    q = find_param(contact.params, "q")
    binding = Binding(
        contact=contact.uri,
        expires_at=now + seconds,
        instance=readable(unquote(instance)) if instance else None,
        reg_id=int(reg_id) if reg_id and _SECONDS.fullmatch(reg_id) else None,
        q=float(q) if q and _WEIGHT.fullmatch(q) else 1.0,
        **common,
    )
    return binding, seconds


def _seconds(text: str | None) -> int | None:
    """Read seconds; what is none counts as not given (RFC 3261 10.2.1.1)."""
    return int(text) if text and _SECONDS.fullmatch(text.strip()) else None


def _written(binding: Binding, now: float) -> str:
    text = f"<{binding.contact}>;expires={max(0, round(binding.expires_at - now))}"
    if binding.q != 1.0:
        text += f";q={binding.q:g}"
    if binding.instance is not None:
        text += f";+sip.instance={quote(binding.instance)}"
    if binding.reg_id is not None:
        text += f";reg-id={binding.reg_id}"
    return text
