"""Transcripts as the wire spells them: with their recording, and as an event (spec/11 D-19)."""

from datetime import datetime
from typing import cast
from uuid import UUID

from opentact.events.log import Draft
from opentact.voice.call_events import Transcribed
from opentact.voice.recordings import Recording
from opentact.voice.transcripts import Transcript, TranscriptState

from .accounts import account_short
from .call_shapes import RecordingOut, SegmentOut, TranscriptOut
from .calls import call_with_times, recording_out
from .events import frame, render


def recording_shown(
    recording: Recording, url: str | None, transcript: Transcript | None
) -> RecordingOut:
    """Write a recording with what was said in it."""
    words = transcript_out(transcript) if transcript is not None else None
    return {**recording_out(recording, url), "transcript": words}


def transcript_out(transcript: Transcript) -> TranscriptOut:
    """Write a transcript."""
    return {
        "state": transcript.state.value,
        "language": transcript.language,
        "text": transcript.text,
        "segments": [cast(SegmentOut, each) for each in transcript.segments],
        "reason": transcript.reason,
    }


@render.register
def _(happened: Transcribed, uuid: UUID, at: datetime) -> Draft:
    card, recording, transcript = happened.card, happened.recording, happened.transcript
    named = f" {recording.tag}" if recording.tag else ""
    stored = transcript.state is TranscriptState.STORED
    what = "transcribed" if stored else f"not transcribed: {transcript.reason}"
    return frame(
        "call_transcript",
        uuid,
        at,
        f"Recording{named} of call {recording.call_uuid}: {what}",
        {"record": str(recording.uuid), "tag": recording.tag, **transcript_out(transcript)},
        account_short(card.account),
        ref_id=card.call.uuid,
        seq=happened.seq,
        success=stored,
        call=call_with_times(card),
    )
