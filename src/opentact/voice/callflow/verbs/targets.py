"""<To>, <Number> and <Sip>: whom a Dial calls."""

from dataclasses import dataclass
from typing import ClassVar, Final, Self

from opentact.voice.callflow.grammar import REQUIRED, Attribute, Grammar
from opentact.voice.callflow.kinds import Matching
from opentact.voice.callflow.verb import Element, Given

_NUMBER = r"\+?[1-9][0-9]{6,14}"
_HOST = r"[A-Za-z0-9]([A-Za-z0-9.-]{0,252}[A-Za-z0-9])?(:[0-9]{1,5})?"
_ADDRESS = rf"(sips?:)?[A-Za-z0-9_.!~*'()&=+$,;?/%-]{{1,64}}@{_HOST}"

ANY: Final = Matching("a number in E.164 or user@domain", f"{_NUMBER}|{_ADDRESS}")
TO: Final = Attribute("target", ANY, REQUIRED, "a number in E.164, or user@domain")
NUMBER: Final = Attribute(
    "target", Matching("a number in E.164", _NUMBER), REQUIRED, "a number in E.164"
)
SIP: Final = Attribute("target", Matching("user@host", _ADDRESS), REQUIRED, "user@host or :port")


@dataclass(frozen=True, slots=True)
class Target(Element):
    """Somebody to call."""

    target: str


@dataclass(frozen=True, slots=True)
class To(Target):
    """A number or a SIP address that the Dial around it calls."""

    grammar: ClassVar = Grammar(
        name="To",
        attributes=(TO,),
        text=TO,
        example="<Dial><To>alice@shop.sip.example.org</To><To>12015550123</To></Dial>",
    )

    @classmethod
    def read(cls, given: Given) -> Self:
        return cls(given.origin(), given[TO])


@dataclass(frozen=True, slots=True)
class Number(Target):
    """The old syntax: a number that the Dial around it calls."""

    grammar: ClassVar = Grammar(
        name="Number",
        attributes=(NUMBER,),
        text=NUMBER,
        example="<Dial><Number>12015550123</Number></Dial>",
    )

    @classmethod
    def read(cls, given: Given) -> Self:
        return cls(given.origin(), given[NUMBER])


@dataclass(frozen=True, slots=True)
class Sip(Target):
    """The old syntax: a SIP address that the Dial around it calls."""

    grammar: ClassVar = Grammar(
        name="Sip",
        attributes=(SIP,),
        text=SIP,
        example="<Dial><Sip>sip:alice@192.0.2.7:5060</Sip></Dial>",
    )

    @classmethod
    def read(cls, given: Given) -> Self:
        return cls(given.origin(), given[SIP])
