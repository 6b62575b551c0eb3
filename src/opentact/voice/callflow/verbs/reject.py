"""<Reject>: turn the call down."""

from dataclasses import dataclass, replace
from typing import ClassVar, Final, Literal, Self, cast

from opentact.voice.callflow.call_steps import DoReject
from opentact.voice.callflow.grammar import Attribute, Grammar
from opentact.voice.callflow.kinds import OneOf
from opentact.voice.callflow.stage import Course, Stage
from opentact.voice.callflow.steps import End, Why
from opentact.voice.callflow.verb import Given, Verb, outcome

REASON: Final = Attribute(
    "reason", OneOf(("rejected", "busy")), "rejected", "what the caller is told"
)


@dataclass(frozen=True, slots=True)
class Reject(Verb):
    """Turns the call down without answering it, and ends the flow; an answered call is hung up."""

    grammar: ClassVar = Grammar(
        name="Reject", attributes=(REASON,), example='<Reject reason="busy"/>'
    )

    reason: Literal["rejected", "busy"]

    @classmethod
    def read(cls, given: Given) -> Self:
        return cls(given.origin(), cast('Literal["rejected", "busy"]', given[REASON]))

    def run(self, stage: Stage) -> Course:
        reply = yield DoReject(at=stage.at, reason=self.reason)
        came = outcome(reply, f"Call turned down as {self.reason}")
        # Nothing behind it is meant to run, whatever came of it.
        end = End(Why.HANGUP, f"turned down by {stage.at.path}", stage.at.tag)
        return replace(came, handled=True, ends=end)
