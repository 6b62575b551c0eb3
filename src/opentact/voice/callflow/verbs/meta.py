"""<Meta>: note something on the call."""

from dataclasses import dataclass
from typing import ClassVar, Final, Self

from opentact.voice.callflow.call_steps import DoNote
from opentact.voice.callflow.grammar import REQUIRED, Attribute, Grammar
from opentact.voice.callflow.kinds import Text
from opentact.voice.callflow.stage import Course, Stage
from opentact.voice.callflow.verb import Given, Verb, outcome

NAME: Final = Attribute(
    "name", Text("a name of at most 255 characters", most=255), REQUIRED, "under which it is kept"
)
VALUE: Final = Attribute(
    "value", Text("text of at most 1024 characters", most=1024), REQUIRED, "what is kept"
)


@dataclass(frozen=True, slots=True)
class Meta(Verb):
    """Keeps a name and a value on the call, shown in its events as `call.meta`."""

    grammar: ClassVar = Grammar(
        name="Meta",
        attributes=(NAME, VALUE),
        text=VALUE,
        example='<Meta name="order" value="4711"/>',
    )

    name: str
    value: str

    @classmethod
    def read(cls, given: Given) -> Self:
        return cls(given.origin(), given[NAME], given[VALUE])

    def run(self, stage: Stage) -> Course:
        reply = yield DoNote(at=stage.at, name=self.name, value=self.value)
        return outcome(reply, f"{self.name} noted")
