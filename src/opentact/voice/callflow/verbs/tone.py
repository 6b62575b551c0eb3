"""<Tone>: make tones."""

from dataclasses import dataclass
from typing import ClassVar, Final, Self, cast

from opentact.voice.callflow.grammar import LEG, LOOP, Attribute, Grammar
from opentact.voice.callflow.kinds import Matching, Whole, milliseconds
from opentact.voice.callflow.steps import Leg
from opentact.voice.callflow.verb import Given, Unrunnable

DON: Final = Attribute[int | None]("don", milliseconds(), None, "how long a tone sounds")
DOFF: Final = Attribute[int | None]("doff", milliseconds(), None, "how long it is silent after")
HZ: Final = Attribute[str | None](
    "hz",
    Matching(
        "frequencies such as 440,480 or 400x3",
        r"[0-9]{1,5}(x[0-9]{1,3})?(\s*,\s*[0-9]{1,5}(x[0-9]{1,3})?){0,15}",
    ),
    None,
    "frequencies; x repeats one",
)
VOLUME: Final = Attribute(
    "volume", Whole(-100, 0, "dB"), 0, "0 is loudest, negative is quieter", aliases=("v",)
)
TIMEOUT: Final = Attribute("timeout", milliseconds(), 30_000, "at most this long")


@dataclass(frozen=True, slots=True)
class Tone(Unrunnable):
    """Makes tones of given frequencies, on and off."""

    grammar: ClassVar = Grammar(
        name="Tone",
        attributes=(DON, DOFF, HZ, LOOP, VOLUME, TIMEOUT, LEG),
        cannot_run="there is no tone generator",
        example='<Tone don="1000" doff="500" hz="440,480" loop="3" v="-20"/>',
    )

    on_ms: int | None
    off_ms: int | None
    hz: str | None
    loop: int
    volume_db: int
    timeout_ms: int
    leg: Leg

    @classmethod
    def read(cls, given: Given) -> Self:
        return cls(
            given.origin(),
            on_ms=given[DON],
            off_ms=given[DOFF],
            hz=given[HZ],
            loop=given[LOOP],
            volume_db=given[VOLUME],
            timeout_ms=given[TIMEOUT],
            leg=cast("Leg", given[LEG]),
        )
