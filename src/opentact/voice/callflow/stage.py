"""What a running verb has around it: the call's facts, what may still be spent, its own place."""

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from .steps import Ask, At, Command, End, Reply, Why

if TYPE_CHECKING:
    from .verb import Verb

MAX_FETCHES = 100  # per call, spec/11 D-13
MAX_STEPS = 10_000  # per call: twenty full documents, run from end to end

Fact = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Region:
    """Where a number is at home: a state or province by its postal code, and its county."""

    state: str
    county: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallFacts:
    """What a flow may know of its call. Asked anew each time, so that it is current.

    `fields` are those of the call entity (spec/07); `from`, `to`, `uuid` and `state` are sent
    to the customer's URLs. `local_now` tells the time in the account's zone (spec/11 D-16),
    `region_of` where a number is at home (D-15); without them Schedule and Geo cannot run.
    """

    fields: Callable[[], Mapping[str, Fact]]
    app: str
    local_now: Callable[[], datetime] | None = None
    region_of: Callable[[str], Region | None] | None = None

    def get(self, name: str) -> Fact:
        """Look up a field of the call as it is now; None if there is none of that name."""
        return self.fields().get(name)


@dataclass(slots=True)
class Budget:
    """What a call's flows may still spend. One per call, kept when its flow is replaced."""

    fetches: int = MAX_FETCHES
    steps: int = MAX_STEPS

    def fetch(self) -> None:
        """Spend one fetch, or unwind the flow."""
        if self.fetches <= 0:
            raise Unwound(End(Why.ERROR, f"limit reached: {MAX_FETCHES} fetches per call"))
        self.fetches -= 1

    def step(self) -> None:
        """Spend one executed command, or unwind the flow."""
        if self.steps <= 0:
            raise Unwound(End(Why.ERROR, f"limit reached: {MAX_STEPS} commands per call"))
        self.steps -= 1


class Unwound(Exception):  # noqa: N818 - no error: the flow is over and each open verb is left
    """The flow is over; a verb may tidy up with more asks, then lets this pass."""

    def __init__(self, end: End) -> None:
        super().__init__(end.reason)
        self.end = end


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a verb.

    `handled`: it failed, but no `<Error>` block is to run. `ends`: the flow ends with it, unless
    it failed and an `<Error>` block took over. `barged`: a key cut it short.
    """

    success: bool
    reason: str
    handled: bool = False
    barged: bool = False
    ends: End | None = None


@dataclass(frozen=True, slots=True)
class Visit:
    """Run another verb now; the reply is its Outcome.

    `base` is the path of the fetched document the verb is from, when that is another document.
    """

    verb: "Verb"
    base: str | None = None
    barge_in: bool = False
    role: Literal["child", "error"] = "child"


# A verb at work: it asks or visits, is sent the reply or the outcome, returns what came of it.
Course = Generator[Ask | Visit, Reply | Outcome | None, Outcome]


@dataclass(slots=True)
class Stage:
    """One verb's surroundings while it runs."""

    at: At
    base: str
    facts: CallFacts
    budget: Budget
    barge_in: bool = False
    note: str = ""  # what the verb would say of itself, should it be left before its end
    responses: int = 0
    children: list[Command] = field(default_factory=list)
    error: list[Command] = field(default_factory=list)

    def next_response(self) -> str:
        """Name the place of a fetched document: `Callback[0]/Response[0]/`."""
        place = f"{self.at.path}/Response[{self.responses}]/"
        self.responses += 1
        return place
