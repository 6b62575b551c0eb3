"""<Call>: run commands if a field of the call has a value."""

import re
from dataclasses import dataclass
from typing import ClassVar, Final, Self

from opentact.voice.callflow.grammar import FLOW, REQUIRED, Attribute, Grammar
from opentact.voice.callflow.kinds import Matching
from opentact.voice.callflow.stage import Course, Fact, Outcome, Stage
from opentact.voice.callflow.verb import Given, Verb, count, each

FIELD: Final = Attribute(
    "field",
    Matching("the name of a field of the call", r"[A-Za-z_][A-Za-z0-9_.]{0,63}"),
    REQUIRED,
    "such as from, to, state",
)
VALUE: Final = Attribute(
    "value",
    Matching("a string, a number, true, false or null", r"[\s\S]{0,1024}"),
    REQUIRED,
    "what it must be",
)
_PHONE = re.compile(r"\+?([1-9][0-9]{6,14})")


@dataclass(frozen=True, slots=True)
class Call(Verb):
    """Runs its children if the call's field equals the value.

    Telephone numbers are equal with and without their plus; `null` is a field that is not set.
    """

    grammar: ClassVar = Grammar(
        name="Call",
        attributes=(FIELD, VALUE),
        children=FLOW,
        example='<Call field="from" value="+12015550100"><Hangup tag="blocked"/></Call>',
    )

    field: str
    value: str
    verbs: tuple[Verb, ...]

    @classmethod
    def read(cls, given: Given) -> Self:
        return cls(given.origin(), given[FIELD], given[VALUE], given.verbs)

    def run(self, stage: Stage) -> Course:
        if not equal(stage.facts.get(self.field), self.value):
            return Outcome(success=True, reason=f"{self.field} is not {self.value}")
        stage.note = f"{self.field} is {self.value}"
        yield from each(self.verbs)
        return Outcome(success=True, reason=f"{stage.note}, {count(len(self.verbs))}")


def equal(fact: Fact, value: str) -> bool:
    """Compare a field with what an author wrote for it."""
    match fact:
        case None:
            return value == "null"
        case bool():
            return value.lower() == str(fact).lower()
        case int() | float():
            return _number(value) == fact
        case str():
            return fact == value or _digits(fact) == _digits(value) is not None


def _number(text: str) -> float | None:
    # Only plain numbers: float() would also take "nan", "1_0" and digits of other scripts.
    if not re.fullmatch(r"[+-]?[0-9]{1,15}(\.[0-9]{1,15})?", text):
        return None
    return float(text)


def _digits(text: str) -> str | None:
    phone = _PHONE.fullmatch(text)
    return phone[1] if phone else None
