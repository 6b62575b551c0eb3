"""<Gather>: ask the caller for digits, and branch on them. Both generations of its syntax."""

from collections.abc import Generator
from dataclasses import dataclass
from typing import ClassVar, Final, Self, cast

from opentact.voice.callflow.fetching import call_params, fetch_and_run, with_params
from opentact.voice.callflow.grammar import Attribute, Grammar
from opentact.voice.callflow.kinds import Keys, OneOf, Url, Whole, milliseconds
from opentact.voice.callflow.stage import Course, Outcome, Stage, Visit
from opentact.voice.callflow.steps import Ask, Digits, DoCollect, DoFetch, Failed, Leg, Reply
from opentact.voice.callflow.verb import Block, Given, Verb

from .case import Case
from .default import Default
from .dtmf import MAX_KEYS, Dtmf
from .error import Error
from .pause import Pause
from .play import Play
from .say import Say
from .switch import Switch

DTMF_LENGTH: Final = Attribute[int | None](
    "dtmf_length", Whole(1, MAX_KEYS), None, "how many keys at most", aliases=("length",)
)
DTMF_STOP: Final = Attribute[str | None](
    "dtmf_stop", Keys(), None, "keys that end the entry; none unless given"
)
URL: Final = Attribute[str | None](
    "url", Url(), None, "fetch a flow from here with the digits, and run it"
)
NUM_DIGITS: Final = Attribute[int | None](
    "numDigits", Whole(1, MAX_KEYS), None, "old: how many keys at most; 1 unless given"
)
FINISH: Final = Attribute[str | None](
    "finishOnKey", Keys(1, extra="+"), None, "old: the key that ends the entry; * unless given"
)
CALLBACK: Final = Attribute[str | None](
    "callback", Url(), None, "old: fetch a flow from here after each attempt, and run it"
)
METHOD: Final = Attribute("method", OneOf(("GET", "POST")), "GET", "of url or callback")
ATTEMPTS: Final = Attribute("attempts", Whole(1, 20), 1, "how often to ask for a known code")
TIMEOUT: Final = Attribute(
    "timeout", milliseconds(100), 10_000, "wait for the first key; at most 5 s between keys"
)
LEG: Final = Attribute(
    "leg", OneOf(("aleg", "bleg", "both")), "aleg", "whose keys: caller's, callee's or either's"
)
_BETWEEN_MS = 5_000  # ours: a caller who stops for longer has finished
_FETCH_MS = 10_000  # ours: Gather has no attribute for it, and a caller waits in silence
_OLD = (NUM_DIGITS, FINISH, CALLBACK)
_NEW = (DTMF_LENGTH, DTMF_STOP, URL)


@dataclass(frozen=True, slots=True)
class Gather(Verb):
    """Collects keys and runs the branch that answers to them.

    The new syntax has `dtmf_length`, `dtmf_stop`, `url` and DTMF blocks; the old one `numDigits`,
    `finishOnKey`, `callback` and a Switch. Say, Play and Pause inside are prompts: a key cuts
    them short. A Gather directly inside asks the next question once this one is answered.
    """

    grammar: ClassVar = Grammar(
        name="Gather",
        attributes=(*_NEW, ATTEMPTS, TIMEOUT, METHOD, LEG, *_OLD),
        children=(*("Say", "Play", "Pause"), "DTMF", "Switch", "Default", "Error", "Gather"),
        once=("Switch", "Default", "Error"),
        example=(
            '<Gather dtmf_length="1" dtmf_stop="#" tag="main">'
            '<DTMF value="1"><Say>Sales.</Say></DTMF>'
            "<Default><Say>No key pressed.</Say></Default>"
            "<Error><Say>Unknown choice.</Say></Error>"
            "</Gather>"
        ),
    )

    max_digits: int
    stop_keys: str
    timeout_ms: int
    attempts: int
    leg: Leg
    url: str | None
    callback: str | None
    method: str
    prompts: tuple[Verb, ...]
    blocks: tuple[Dtmf, ...]
    switch: Switch | None
    default: Default | None
    then: tuple["Gather", ...]

    @classmethod
    def read(cls, given: Given) -> Self:
        blocks, switch = given.all(Dtmf), given.first(Switch)
        Switch.no_twins((*blocks, *(switch.cases if switch else ())))
        new = given.has(*_NEW) or bool(blocks) or not (given.has(*_OLD) or switch)
        return cls(
            given.origin(given.first(Error)),
            max_digits=_max_digits(given, blocks, new=new),
            stop_keys=_stop_keys(given, new=new),
            timeout_ms=given[TIMEOUT],
            attempts=given[ATTEMPTS],
            leg=cast("Leg", given[LEG]),
            url=given[URL],
            callback=given[CALLBACK],
            method=given[METHOD],
            prompts=tuple(v for v in given.verbs if isinstance(v, Say | Play | Pause)),
            blocks=blocks,
            switch=switch,
            default=given.first(Default),
            then=given.all(cls),
        )

    def run(self, stage: Stage) -> Course:
        digits = ""
        history: list[dict[str, object]] = []
        for _ in range(self.attempts):
            heard = yield from self._ask(stage)
            if isinstance(heard, Failed):
                return Outcome(success=False, reason=heard.reason)
            digits = heard
            stage.note = said = _said(digits)
            block = self._branch(digits)
            good = bool(digits) and (block is not None or not self._branches)
            history.append({"attempt": len(history) + 1, "code": digits, "success": good})
            if self.callback is not None:
                told = yield from self._tell(stage, self.callback, history)
                if not told.success and self.origin.on_error is not None:
                    return told
            if block is not None:
                yield Visit(block)
            elif digits and self.url is not None:
                return (yield from self._send(stage, self.url, digits))
            if good:
                yield from (Visit(question) for question in self.then)
                return Outcome(success=True, reason=said)
        return (yield from self._unanswered(digits))

    def _ask(self, stage: Stage) -> Generator[Ask | Visit, Reply | Outcome | None, str | Failed]:
        for prompt in self.prompts:
            came = yield Visit(prompt, barge_in=True)
            if isinstance(came, Outcome) and came.barged:
                break
        reply = yield DoCollect(
            at=stage.at,
            max_digits=self.max_digits,
            stop_keys=self.stop_keys,
            timeout_ms=self.timeout_ms,
            inter_digit_ms=min(self.timeout_ms, _BETWEEN_MS),
            leg=self.leg,
        )
        match reply:
            case Digits(digits):
                return digits
            case Failed():
                return reply
            case _:
                raise TypeError(f"expected Digits or Failed, was sent {reply!r}")

    @property
    def _branches(self) -> tuple[Dtmf | Case, ...]:
        return (*self.blocks, *(self.switch.cases if self.switch else ()))

    def _branch(self, digits: str) -> Block | None:
        return next((block for block in self._branches if block.digits == digits), None)

    def _unanswered(self, digits: str) -> Course:
        """Go where an unknown code or no code leads: each syntax has it its own way (X2)."""
        block: Block | None = None
        if self.switch is not None:
            block = self.switch.default if digits else self.switch.nothing
        if not digits and block is None:
            block = self.default
        if block:
            yield Visit(block)
        # In the new syntax <Error> is for unknown codes only, not for silence.
        handled = block is not None or (not digits and self.switch is None)
        reason = f"unknown code {digits}" if digits else "nothing entered"
        return Outcome(success=False, reason=reason, handled=handled)

    def _send(self, stage: Stage, url: str, digits: str) -> Course:
        """Send the digits to the new syntax's URL and run what it answers."""
        params = [("dtmf", digits), *call_params(stage.facts)]
        came = yield from fetch_and_run(
            stage,
            DoFetch(
                at=stage.at,
                method=self.method,
                url=with_params(url, params),
                body="call" if self.method == "POST" else None,
                timeout_ms=_FETCH_MS,
                purpose="Gather url",
                extra={"gather": {"dtmf": digits}} if self.method == "POST" else {},
            ),
        )
        if came.success:
            yield from (Visit(question) for question in self.then)
        return came

    def _tell(self, stage: Stage, url: str, history: list[dict[str, object]]) -> Course:
        """Tell the old syntax's callback of an attempt and run what it answers, if anything."""
        last = history[-1]
        params = [
            ("code", str(last["code"])),
            ("attempts", str(last["attempt"])),
            ("success", "true" if last["success"] else "false"),
        ]
        return fetch_and_run(
            stage,
            DoFetch(
                at=stage.at,
                method=self.method,
                url=with_params(url, params),
                body="call" if self.method == "POST" else None,
                timeout_ms=_FETCH_MS,
                purpose="Gather callback",
                extra={"gather": tuple(history)} if self.method == "POST" else {},
            ),
            empty_is_fine=True,
        )


def _said(digits: str) -> str:
    return f"entered {digits}" if digits else "nothing entered"


def _max_digits(given: Given, blocks: tuple[Dtmf, ...], *, new: bool) -> int:
    if (digits := given[DTMF_LENGTH] or given[NUM_DIGITS]) is not None:
        return digits
    if not new:
        return 1
    # With nothing but DTMF blocks to choose from, no caller waits beyond the longest.
    if blocks and given[URL] is None and given[DTMF_STOP] is None:
        return max(len(block.digits) for block in blocks)
    return MAX_KEYS


def _stop_keys(given: Given, *, new: bool) -> str:
    if (keys := given[DTMF_STOP]) is not None:
        return keys
    if (key := given[FINISH]) is not None:
        return key
    return "" if new else "*"
