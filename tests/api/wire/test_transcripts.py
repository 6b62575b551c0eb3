"""How transcripts are spelt; the frame of their event is in docs/events."""

from typing import Any

from opentact.api.wire.call_shapes import RecordingOut, SegmentOut, TranscriptOut
from opentact.api.wire.calls import recording_out
from opentact.api.wire.transcripts import recording_shown, transcript_out
from support.samples import RECORDING, TRANSCRIPT


def members(shape: Any) -> set[str]:
    return set(shape.__annotations__)


def test_a_recording_has_every_member_that_is_documented() -> None:
    assert set(recording_shown(RECORDING, None, TRANSCRIPT)) == members(RecordingOut)
    assert set(recording_out(RECORDING, None)) == members(RecordingOut) - {"transcript"}


def test_a_transcript_has_every_member_that_is_documented() -> None:
    shown = transcript_out(TRANSCRIPT)
    assert set(shown) == members(TranscriptOut)
    assert [set(each) for each in shown["segments"]] == [members(SegmentOut)] * 2


def test_whose_words_nobody_asked_for_has_none() -> None:
    assert recording_shown(RECORDING, None, None)["transcript"] is None
