"""<Schedule>: run commands at certain times only."""

import re
from dataclasses import dataclass
from datetime import datetime, time
from typing import ClassVar, Final, Self

from opentact.voice.callflow.grammar import FLOW, Attribute, Grammar
from opentact.voice.callflow.kinds import ListOf
from opentact.voice.callflow.stage import Course, Outcome, Stage
from opentact.voice.callflow.verb import Given, Verb, cannot_run, count, each

DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@dataclass(frozen=True, slots=True)
class Hours:
    """From a time of day to another, both included; one that ends before it begins wraps."""

    begin: time
    end: time

    def __contains__(self, moment: time) -> bool:
        moment = moment.replace(microsecond=0)
        if self.begin <= self.end:
            return self.begin <= moment <= self.end
        return moment >= self.begin or moment <= self.end


@dataclass(frozen=True, slots=True)
class HoursKind:
    """Reads `HH:MM:SS-HH:MM:SS`."""

    says: str = "HH:MM:SS-HH:MM:SS"

    def parse(self, text: str) -> Hours:
        form = r"\s*([0-9]{2}):([0-9]{2}):([0-9]{2})\s*"
        if not (found := re.fullmatch(f"{form}-{form}", text)):
            raise ValueError(text)
        hour, minute, second, to_hour, to_minute, to_second = map(int, found.groups())
        return Hours(time(hour, minute, second), time(to_hour, to_minute, to_second))


DOW: Final = Attribute[tuple[str, ...] | None]("dow", ListOf(DAYS), None, "days of the week")
TIME: Final = Attribute[Hours | None]("time", HoursKind(), None, "from when to when")


@dataclass(frozen=True, slots=True)
class Schedule(Verb):
    """Runs its children if now is on one of the days and within the time, both if given.

    Now is that of the account's time zone, else UTC. `22:00:00-06:00:00` goes over midnight.
    """

    grammar: ClassVar = Grammar(
        name="Schedule",
        attributes=(DOW, TIME),
        children=FLOW,
        aliases=("Scheduler",),
        example=(
            '<Schedule dow="mon,tue,wed,thu,fri" time="09:00:00-17:59:59">'
            "<Say>We are open.</Say></Schedule>"
        ),
    )

    days: tuple[str, ...] | None
    hours: Hours | None
    verbs: tuple[Verb, ...]

    @classmethod
    def read(cls, given: Given) -> Self:
        return cls(given.origin(), given[DOW], given[TIME], given.verbs)

    def run(self, stage: Stage) -> Course:
        if stage.facts.local_now is None:
            return cannot_run("Schedule", "the time of day is not known here")
        now = stage.facts.local_now()
        when = f"{DAYS[now.weekday()]} {now:%H:%M:%S}"
        if not self.holds(now):
            return Outcome(success=True, reason=f"{when} is outside")
        stage.note = f"{when} is within"
        yield from each(self.verbs)
        return Outcome(success=True, reason=f"{stage.note}, {count(len(self.verbs))}")

    def holds(self, now: datetime) -> bool:
        """Tell whether the children are to run at this local time."""
        if self.days is not None and DAYS[now.weekday()] not in self.days:
            return False
        return self.hours is None or now.time() in self.hours
