"""<Say>: speak a text."""

from dataclasses import dataclass
from typing import ClassVar, Final, Self, cast

from opentact.voice.callflow.grammar import LEG, LOOP, REQUIRED, Attribute, Grammar
from opentact.voice.callflow.kinds import Matching, OneOf, Text
from opentact.voice.callflow.stage import Course, Stage
from opentact.voice.callflow.steps import DoSay, Leg
from opentact.voice.callflow.verb import Given, Verb, outcome

TEXT: Final = Attribute("text", Text(), REQUIRED, "what to say")
TYPE: Final = Attribute("type", OneOf(("Standard", "WaveNet")), "Standard", "kind of voice")
GENDER: Final = Attribute("gender", OneOf(("MALE", "FEMALE")), "FEMALE", "of the voice")
CODE: Final = Attribute[str | None](
    "code", Text("a voice code of at most 64 characters", most=64), None, "a voice by its code"
)
LANG: Final = Attribute(
    "lang",
    Matching("a language such as en-US or es", r"[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8}){0,3}"),
    "en-US",
    "language of the text",
)


@dataclass(frozen=True, slots=True)
class Say(Verb):
    """Speaks a text. In a Gather a key cuts it short and counts as the first of the answer."""

    grammar: ClassVar = Grammar(
        name="Say",
        attributes=(TEXT, LANG, GENDER, TYPE, CODE, LOOP, LEG),
        text=TEXT,
        example='<Say lang="en-US" gender="FEMALE">Welcome to our shop.</Say>',
    )

    text: str
    lang: str
    gender: str
    kind: str
    code: str | None
    loop: int
    leg: Leg

    @classmethod
    def read(cls, given: Given) -> Self:
        return cls(
            given.origin(),
            text=given[TEXT],
            lang=given[LANG],
            gender=given[GENDER],
            kind=given[TYPE],
            code=given[CODE],
            loop=given[LOOP],
            leg=cast("Leg", given[LEG]),
        )

    def run(self, stage: Stage) -> Course:
        reply = yield DoSay(
            at=stage.at,
            text=self.text,
            lang=self.lang,
            gender=self.gender,
            code=self.code,
            kind=self.kind,
            loop=self.loop,
            leg=self.leg,
            barge_in=stage.barge_in,
        )
        return outcome(reply, "Text spoken")
