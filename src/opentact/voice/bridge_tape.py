"""The recording of a bridged call, as its profile wants it: both sides, from the answer to the end.

It is made on the caller's leg, which hears one side and is sent the other (docs/decisions/0105).
"""

from .call_events import CallCard
from .media import MediaEvent, MediaGone, MediaLeg, Recorded, RecordFailed
from .tape import Archive, Tape, TapeKind

_NUMBER = 1  # a bridge makes one recording
UNTOLD = "the media engine never said how it ended"


class BridgeTape:
    """Records one bridge."""

    def __init__(self, card: CallCard, kind: TapeKind, archive: Archive, leg: MediaLeg) -> None:
        """Record on `leg`, the caller's, whose record is that of `card`, once it begins."""
        self._of = (card, kind, archive)
        self._leg = leg
        self._tape: Tape | None = None

    def begin(self) -> None:
        """Record from now on. Twice is once."""
        if self._tape is not None:
            return
        tape = self._tape = Tape(*self._of)
        tape.asked()
        self._leg.record(
            _NUMBER, tape.path, channels=tape.kind.channels, format=tape.kind.format, both=True
        )
        tape.runs()

    def hear(self, event: MediaEvent) -> None:
        """Take what the leg tells."""
        if self._tape is None:
            return
        match event:
            case Recorded() | RecordFailed():
                self._tape.ended(event)
            case MediaGone(reason):
                self._tape.ended(RecordFailed(_NUMBER, reason))
            case _:
                pass

    def close(self) -> None:
        """Take what the leg told as it closed, which is when a recording is whole."""
        events = self._leg.events
        while not events.empty():
            self.hear(events.get_nowait())
        if self._tape is not None:
            self._tape.ended(RecordFailed(_NUMBER, UNTOLD))
