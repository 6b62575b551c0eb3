"""What a leg is asked to say: files, tones and keys, brought to its queue, told when over."""

from collections.abc import Callable
from functools import partial

from opentact.voice.media import MediaEvent, Played
from opentact.voice.rtp.dtmf import Press
from opentact.voice.rtp.g711 import Codec
from opentact.voice.rtp.tones import keys

from .commands import Play, PlayTones, SendDigits, Stop
from .outbound import Outbound
from .prompts import Prompts, Ready

# What a peer without telephone events hears of a key that the other side pressed, in ms: long
# enough to be told from speech, and no longer than a key that somebody leans on.
_SHORTEST_KEY, _LONGEST_KEY = 70, 1_000
_PASSED_ON = -1  # the play of such a key, of which nobody is told


class Plays:
    """Before `out` is there, all fails."""

    def __init__(self, prompts: Prompts, tell: Callable[[MediaEvent], None]) -> None:
        """Take audio from `prompts`; `tell` gets a `Played` for each play."""
        self.out: Outbound | None = None
        self._prompts, self._tell = prompts, tell

    def do(self, command: Play | PlayTones | SendDigits | Stop) -> None:
        """Do what is asked."""
        out = self.out
        if isinstance(command, Stop):
            self.stop()
        elif out is None:
            self._tell(Played(command.play, "failed", "not connected"))
        elif isinstance(command, SendDigits):
            self._send_digits(command, out)
        elif isinstance(command, PlayTones):
            get = partial(self._prompts.tones, command.tones)
            self._play(command.play, get, out, command.loop, mix=command.mix)
        else:
            get = partial(self._prompts.get, command.path)
            self._play(command.play, get, out, command.loop, mix=command.mix)

    def stop(self) -> None:
        """Stop what plays and forget the queue."""
        if self.out:
            self.out.playout.stop()
            self.tell_finished(self.out)

    def sound(self, press: Press) -> None:
        """Sound a key of the other side of a bridge to a peer that would not know its event."""
        if self.out and not self.out.takes_events:
            tone_ms = max(_SHORTEST_KEY, min(press.duration_ms, _LONGEST_KEY))
            made = keys(press.digit, tone_ms=tone_ms, gap_ms=_SHORTEST_KEY)
            self._play(_PASSED_ON, partial(self._prompts.tones, made), self.out, 1)

    def tell_finished(self, out: Outbound) -> None:
        """Tell of the plays that are over."""
        finished, out.playout.finished = out.playout.finished, []
        for each in finished:
            if each.play != _PASSED_ON:
                self._tell(Played(each.play, each.reason, each.detail))

    def _play(
        self,
        play: int,
        get: Callable[[Codec, Ready], None],
        out: Outbound,
        loop: int,
        *,
        mix: bool = False,
    ) -> None:
        out.playout.add_audio(play, loop, mix=mix)
        codec = out.playout.codec

        def ready(audio: bytes | OSError | ValueError) -> None:
            if isinstance(audio, bytes):
                out.playout.loaded(play, audio, codec)
            else:
                strerror = audio.strerror if isinstance(audio, OSError) else None
                out.playout.failed(play, strerror or str(audio))
            self.tell_finished(out)

        get(codec, ready)

    def _send_digits(self, command: SendDigits, out: Outbound) -> None:
        if out.takes_events:
            out.playout.add_digits(command.play, command.digits, command.tone_ms, command.gap_ms)
            self.tell_finished(out)
            return
        try:
            made = keys(command.digits, tone_ms=command.tone_ms, gap_ms=command.gap_ms)
        except ValueError as error:
            self._tell(Played(command.play, "failed", str(error)))
            return
        self._play(command.play, partial(self._prompts.tones, made), out, 1)
