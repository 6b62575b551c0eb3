from pathlib import Path

from opentact.kit.ids import new_id
from opentact.voice.bridge_tape import UNTOLD, BridgeTape
from opentact.voice.media import Latched, MediaGone
from opentact.voice.tape import Archive, TapeKind
from opentact.voice.testing import PaperMediaLeg
from support.dialling import placed
from support.phone import OpenBook
from support.virtual_time import LoopClock, virtually


class Made:
    """A tape, the leg that it is made on, and what was told of it."""

    def __init__(self, leg: PaperMediaLeg | None = None) -> None:
        self.book, self.leg = OpenBook(), leg or PaperMediaLeg(new_id())
        archive = Archive(self.book, LoopClock(), Path("/recordings"))
        self.tape = BridgeTape(placed("bob").card, TapeKind("wav", 2), archive, self.leg)

    async def told(self) -> list[tuple[str, str | None]]:
        await self.book.close()
        frames = [f["payload"] for f in self.book.log.frames if f["type"] == "call_record"]
        return [(each["state"], each["reason"] or each["ended_by"]) for each in frames]


@virtually
async def test_both_sides_are_recorded_from_the_beginning_to_the_close_of_the_leg() -> None:
    made = Made()
    made.tape.begin()
    made.tape.begin()
    [how] = made.leg.recording.values()
    assert (how["both"], how["channels"], how["format"]) == (True, 2, "wav")
    await made.leg.close()
    made.tape.close()
    assert await made.told() == [("requested", None), ("writing", None), ("stored", "closed")]


@virtually
async def test_what_never_begins_leaves_nothing() -> None:
    made = Made()
    made.tape.hear(MediaGone("died"))
    made.tape.close()
    assert await made.told() == []


@virtually
async def test_a_recording_that_fails_or_whose_engine_dies_says_so() -> None:
    full, gone = Made(PaperMediaLeg(new_id(), record_fault="disk full")), Made()
    full.tape.begin()
    full.tape.close()
    gone.tape.begin()
    gone.tape.hear(Latched(("192.0.2.9", 4000)))
    gone.tape.hear(MediaGone("the media process died"))
    gone.tape.close()
    assert (await full.told())[-1] == ("failed", "disk full")
    assert (await gone.told())[-1] == ("failed", "the media process died")


@virtually
async def test_a_leg_that_closes_without_a_word_fails_its_recording() -> None:
    made = Made()
    made.tape.begin()
    made.tape.close()
    assert (await made.told())[-1] == ("failed", UNTOLD)


@virtually
async def test_a_file_that_is_as_long_as_files_may_be_is_followed_by_another() -> None:
    made = Made()
    made.tape.begin()
    made.leg.ends_record(1, "max")
    made.tape.hear(made.leg.events.get_nowait())
    assert [*made.leg.recording] == [2]
    made.leg.ends_record(2, "max")
    made.tape.close()
    states = [state for state, _ in await made.told()]
    assert states == ["requested", "writing", "stored"] * 2
    assert not made.leg.recording, "what ends as the call does is followed by nothing"
