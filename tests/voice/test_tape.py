from pathlib import Path
from typing import Any

import pytest

from opentact.kit.ids import new_id
from opentact.voice.facts import ProfileFacts
from opentact.voice.media import Recorded, RecordFailed
from opentact.voice.outbound_profiles import OutboundVoiceProfile
from opentact.voice.tape import Archive, Tape, TapeKind, tape_for
from support.dialling import placed
from support.phone import OpenBook
from support.virtual_time import LoopClock, virtually
from support.world import NOON

OWN, OTHER = 12025550199, "+12025550111"


def profile(caller_id: int | None = OWN, **values: Any) -> ProfileFacts:
    row = OutboundVoiceProfile(
        name="out", tech_prefix=1, account_uuid=new_id(), created_on=NOON, modified_on=NOON
    )
    for name, value in values.items():
        setattr(row, name, value)
    return ProfileFacts(row, caller_id)


def states(book: OpenBook) -> list[str]:
    return [f["payload"]["state"] for f in book.log.frames if f["type"] == "call_record"]


@virtually
async def test_a_tape_tells_each_of_its_states_and_ends_once() -> None:
    book, card = OpenBook(), placed("bob").card
    tape = Tape(card, TapeKind("mp3", 2), Archive(book, LoopClock(), Path("/recordings")), "vm")
    tape.asked()
    tape.runs()
    tape.ended(Recorded(1, 2_000, 999, "closed"), "dtmf")
    tape.ended(RecordFailed(1, "too late"))
    await book.close()
    assert states(book) == ["requested", "writing", "stored"]
    made = tape.recording
    assert (made.tag, made.format, made.channels, made.duration) == ("vm", "mp3", 2, 2_000)
    assert (made.size, made.ended_by, card.recordings) == (999, "dtmf", [made.uuid])
    assert (tape.path, tape.path.suffix) == (Path("/recordings") / made.file, ".mp3")


@virtually
async def test_a_tape_that_fails_says_why_and_is_none_of_the_calls_recordings() -> None:
    book, card = OpenBook(), placed("bob").card
    tape = Tape(card, TapeKind(), Archive(book, LoopClock(), Path("/recordings")))
    tape.asked()
    tape.ended(RecordFailed(1, "disk full"))
    await book.close()
    assert states(book) == ["requested", "failed"]
    assert (tape.recording.reason, card.recordings) == ("disk full", [])


@pytest.mark.parametrize(
    ("record_calls", "numbers", "recorded"),
    [
        (0, (f"+{OWN}", OTHER), False),
        (1, (f"+{OWN}", OTHER), True),
        (1, (OTHER, str(OWN)), True),
        (1, (OTHER, None), False),
        (2, (OTHER, "bob"), True),
    ],
)
def test_a_profile_names_all_its_calls_or_those_of_its_own_number(
    record_calls: int, numbers: tuple[str | None, ...], *, recorded: bool
) -> None:
    kind = tape_for(profile(record_calls=record_calls), *numbers)
    assert (kind is not None) is recorded


def test_a_profile_without_a_number_has_no_calls_of_its_own_number() -> None:
    assert tape_for(profile(None, record_calls=1), "None", OTHER) is None
    assert tape_for(None, OTHER) is None


@pytest.mark.parametrize(
    ("file_format", "tracks", "kind"),
    [
        ("wav", 0, TapeKind("wav", 1)),
        ("mp3", 1, TapeKind("mp3", 2)),
    ],
)
def test_a_profile_says_how_a_recording_is_kept(
    file_format: str, tracks: int, kind: TapeKind
) -> None:
    made = profile(record_calls=2, file_format=file_format, audio_track_type=tracks)
    assert tape_for(made, OTHER) == kind
