"""<Tone>: make tones."""

from dataclasses import dataclass
from typing import ClassVar, Final, Self, cast

from opentact.voice.callflow.call_steps import DoTone
from opentact.voice.callflow.grammar import LEG, LOOP, Attribute, Grammar
from opentact.voice.callflow.kinds import Matching, Whole, milliseconds
from opentact.voice.callflow.stage import Course, Stage
from opentact.voice.callflow.steps import Leg
from opentact.voice.callflow.verb import Given, Verb, outcome

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


USUAL_HZ: Final = (440,)
USUAL_ON_MS: Final = 1_000
LOWEST_HZ, HIGHEST_HZ = 20, 3_999  # below half of 8,000 samples a second


@dataclass(frozen=True, slots=True)
class Tone(Verb):
    """Sounds tones, on and off: all frequencies of `hz` together.

    Without attributes it sounds a second of 440 Hz. It ends after `loop` rounds or `timeout`.
    """

    grammar: ClassVar = Grammar(
        name="Tone",
        attributes=(DON, DOFF, HZ, LOOP, VOLUME, TIMEOUT, LEG),
        example='<Tone don="1000" doff="500" hz="440,480" loop="3" v="-20"/>',
    )

    on_ms: int
    off_ms: int
    hz: tuple[int, ...]
    loop: int
    volume_db: int
    timeout_ms: int
    leg: Leg

    @classmethod
    def read(cls, given: Given) -> Self:
        return cls(
            given.origin(),
            on_ms=given[DON] or USUAL_ON_MS,
            off_ms=given[DOFF] or 0,
            hz=_frequencies(given[HZ]),
            loop=given[LOOP],
            volume_db=given[VOLUME],
            timeout_ms=given[TIMEOUT],
            leg=cast("Leg", given[LEG]),
        )

    def run(self, stage: Stage) -> Course:
        reply = yield DoTone(
            at=stage.at,
            hz=self.hz,
            on_ms=self.on_ms,
            off_ms=self.off_ms,
            loop=self.loop,
            volume_db=self.volume_db,
            timeout_ms=self.timeout_ms,
            leg=self.leg,
        )
        return outcome(reply, "Tone sounded")


def _frequencies(text: str | None) -> tuple[int, ...]:
    """Read `440,480`; `400x3`, one repeated, sounds no different from 400."""
    if text is None:
        return USUAL_HZ
    found = [int(part.strip().partition("x")[0]) for part in text.split(",")]
    for hz in found:
        if not LOWEST_HZ <= hz <= HIGHEST_HZ:
            raise ValueError(f"{hz} Hz; expected {LOWEST_HZ} to {HIGHEST_HZ}, what a line carries")
    return tuple(dict.fromkeys(found))
