"""The recording of a bridged call, as its profile wants it: both sides, from the answer to the end.

It is made on the caller's leg, which hears one side and is sent the other (docs/decisions/0105).
"""

from .call_events import CallCard
from .media import MediaEvent, MediaGone, MediaLeg, Recorded, RecordFailed
from .tape import Archive, Tape, TapeKind

UNTOLD = "the media engine never said how it ended"


class BridgeTape:
    """Records one bridge; a file that is as long as files may be is followed by another."""

    def __init__(self, card: CallCard, kind: TapeKind, archive: Archive, leg: MediaLeg) -> None:
        """Record on `leg`, the caller's, whose record is that of `card`, once it begins."""
        self._of = (card, kind, archive)
        self._leg = leg
        self._tape: Tape | None = None
        self._number = 0
        self._closing = False

    def begin(self) -> None:
        """Record from now on. Twice is once."""
        if self._tape is not None:
            return
        self._number += 1
        tape = self._tape = Tape(*self._of)
        tape.asked()
        self._leg.record(
            self._number, tape.path, channels=tape.kind.channels, format=tape.kind.format, both=True
        )
        tape.runs()

    def hear(self, event: MediaEvent) -> None:
        """Take what the leg tells."""
        if self._tape is None:
            return
        match event:
            case Recorded() | RecordFailed():
                self._tape.ended(event)
                if event.reason == "max" and not self._closing:
                    self._tape = None
                    self.begin()
            case MediaGone(reason):
                self._tape.ended(RecordFailed(self._number, reason))
            case _:
                pass

    def close(self) -> None:
        """Take what the leg told as it closed, which is when a recording is whole."""
        self._closing = True
        events = self._leg.events
        while not events.empty():
            self.hear(events.get_nowait())
        if self._tape is not None:
            self._tape.ended(RecordFailed(self._number, UNTOLD))
