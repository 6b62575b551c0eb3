"""<Play>: play a file, or a recording of this call."""

from dataclasses import dataclass
from typing import ClassVar, Final, Self, cast

from opentact.voice.callflow.grammar import LEG, LOOP, Attribute, Grammar
from opentact.voice.callflow.kinds import Text, Url
from opentact.voice.callflow.stage import Course, Stage
from opentact.voice.callflow.steps import DoPlay, Leg
from opentact.voice.callflow.verb import Given, Verb, outcome

URL: Final = Attribute[str | None]("url", Url(), None, "an mp3 or wav file")
RECORD: Final = Attribute[str | None](
    "record",
    Text("the tag of a recording", most=255),
    None,
    "play the recording made with this tag",
)


@dataclass(frozen=True, slots=True)
class Play(Verb):
    """Plays an mp3 or wav file from a URL, or with `record` what the call has recorded."""

    grammar: ClassVar = Grammar(
        name="Play",
        attributes=(URL, RECORD, LOOP, LEG),
        text=URL,
        example='<Play url="https://ivr.example.org/welcome.mp3"/>',
    )

    url: str | None
    record: str | None
    loop: int
    leg: Leg

    @classmethod
    def read(cls, given: Given) -> Self:
        if (given[URL] is None) == (given[RECORD] is None):
            raise ValueError("expected either a url (or text) or a record")
        return cls(given.origin(), given[URL], given[RECORD], given[LOOP], cast("Leg", given[LEG]))

    def run(self, stage: Stage) -> Course:
        reply = yield DoPlay(
            at=stage.at,
            url=self.url,
            record=self.record,
            loop=self.loop,
            leg=self.leg,
            barge_in=stage.barge_in,
        )
        return outcome(reply, f"Played {self.url or f'recording {self.record}'}")
