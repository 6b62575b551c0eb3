"""<Geo>: run commands for callers from certain places only."""

from dataclasses import dataclass
from typing import ClassVar, Final, Self

from opentact.voice.callflow.grammar import FLOW, Attribute, Grammar
from opentact.voice.callflow.kinds import ListOf, Text
from opentact.voice.callflow.stage import Course, Outcome, Region, Stage
from opentact.voice.callflow.verb import Given, Verb, cannot_run, count, each

# Postal codes (spec/11 X9): US states, DC and territories, then Canada.
STATES: Final = (
    *[
        "AL",
        "AK",
        "AZ",
        "AR",
        "CA",
        "CO",
        "CT",
        "DE",
        "DC",
        "FL",
        "GA",
        "HI",
        "ID",
        "IL",
        "IN",
        "IA",
        "KS",
        "KY",
        "LA",
        "ME",
        "MD",
        "MA",
        "MI",
        "MN",
        "MS",
        "MO",
        "MT",
    ],
    *[
        "NE",
        "NV",
        "NH",
        "NJ",
        "NM",
        "NY",
        "NC",
        "ND",
        "OH",
        "OK",
        "OR",
        "PA",
        "RI",
        "SC",
        "SD",
        "TN",
        "TX",
        "UT",
        "VT",
        "VA",
        "WA",
        "WV",
        "WI",
        "WY",
    ],
    *[
        "AS",
        "GU",
        "MP",
        "PR",
        "VI",
        "AB",
        "BC",
        "MB",
        "NB",
        "NL",
        "NS",
        "NT",
        "NU",
        "ON",
        "PE",
        "QC",
        "SK",
        "YT",
    ],
)
STATES_: Final = Attribute[tuple[str, ...] | None]("states", ListOf(STATES), None, "postal codes")
COUNTY: Final = Attribute[str | None]("county", Text("the name of a county"), None, "by name")


@dataclass(frozen=True, slots=True)
class Geo(Verb):
    """Runs its children if the caller's number is at home in one of the states and the county.

    Without attributes they always run. A number whose home is not known is nowhere.
    """

    grammar: ClassVar = Grammar(
        name="Geo",
        attributes=(STATES_, COUNTY),
        children=FLOW,
        example='<Geo states="NJ,NY"><Say>Hello neighbour.</Say></Geo>',
    )

    states: tuple[str, ...] | None
    county: str | None
    verbs: tuple[Verb, ...]

    @classmethod
    def read(cls, given: Given) -> Self:
        return cls(given.origin(), given[STATES_], given[COUNTY], given.verbs)

    def run(self, stage: Stage) -> Course:
        if self.states is not None or self.county is not None:
            if stage.facts.region_of is None:
                return cannot_run("Geo", "where numbers are at home is not known here")
            caller = str(stage.facts.get("from") or "")
            if not self.holds(stage.facts.region_of(caller)):
                return Outcome(success=True, reason=f"{caller} is from elsewhere")
        stage.note = "the caller is from here"
        yield from each(self.verbs)
        return Outcome(success=True, reason=f"{stage.note}, {count(len(self.verbs))}")

    def holds(self, region: Region | None) -> bool:
        """Tell whether the children are to run for a caller from there."""
        if region is None:
            return False
        if self.states is not None and region.state.upper() not in self.states:
            return False
        return self.county is None or self.county.lower() == (region.county or "").lower()
