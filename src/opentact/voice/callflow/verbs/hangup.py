"""<Hangup>: end the call."""

from dataclasses import dataclass, replace
from typing import ClassVar, Self

from opentact.voice.callflow.grammar import Grammar
from opentact.voice.callflow.stage import Course, Stage
from opentact.voice.callflow.steps import DoHangup, End, Why
from opentact.voice.callflow.verb import Given, Verb, outcome


@dataclass(frozen=True, slots=True)
class Hangup(Verb):
    """Ends the call and the flow; the tag is the reason that events show."""

    grammar: ClassVar = Grammar(name="Hangup", example='<Hangup tag="busy"/>')

    @classmethod
    def read(cls, given: Given) -> Self:
        return cls(given.origin())

    def run(self, stage: Stage) -> Course:
        reply = yield DoHangup(at=stage.at)
        came = outcome(reply, "Call hung up")
        # Even a hang-up that failed ends the flow: nothing behind it is meant to run.
        end = End(Why.HANGUP, f"hung up by {stage.at.path}", stage.at.tag)
        return replace(came, handled=True, ends=end)
