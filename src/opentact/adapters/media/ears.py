"""Who listens for keys in the audio itself: the windows of all legs are measured together."""

from collections.abc import Callable

from opentact.voice.rtp.dtmf import Press
from opentact.voice.rtp.g711 import Codec
from opentact.voice.rtp.inband import ToneListener, keys_in

# A window is heard in so many seconds: the more wait for each other, the cheaper is each.
_TOGETHER_S = 0.01

Pressed = Callable[[list[Press]], None]


class Ears:
    """What the legs of an engine share; `turn` is to be called often."""

    def __init__(self) -> None:
        """Nothing is heard yet."""
        self._windows: list[bytes] = []
        self._whose: list[tuple[ToneListener, Pressed, float]] = []
        self._due = 0.0

    def hear(
        self, listener: ToneListener, payload: bytes, codec: Codec, pressed: Pressed, now: float
    ) -> None:
        """Take a packet of one leg; `pressed` will be told."""
        windows = listener.take(payload, codec)
        if not windows:
            return
        if not self._windows:
            self._due = now + _TOGETHER_S
        self._windows += windows
        self._whose += [(listener, pressed, now)] * len(windows)

    def turn(self, now: float) -> None:
        """Measure what waits, once it has waited long enough."""
        if not self._windows or now < self._due:
            return
        windows, self._windows = self._windows, []
        whose, self._whose = self._whose, []
        for (listener, pressed, heard_at), key in zip(whose, keys_in(windows), strict=True):
            if key < 0 and not listener.hears:
                continue
            press = listener.window(key, heard_at)
            if press:
                pressed([press])
