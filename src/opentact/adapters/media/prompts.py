"""Audio files and tones, encoded off the tick, and kept encoded: a prompt is encoded once."""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from opentact.voice.rtp import tones
from opentact.voice.rtp.g711 import Codec, encode

from .background import Background

# An hour at 8 kHz, 16 bits. Whatever is longer is no prompt, and would fill the memory.
MAX_FILE_BYTES = 3_600 * 8_000 * 2

Ready = Callable[[bytes | OSError | ValueError], None]
# The same path may hold something else later; its time and size then differ.
_Key = tuple[str, Codec, int, int] | tuple[tuple[tones.Tone, ...], Codec]


class Prompts:
    """Encoded files, the least used forgotten first."""

    def __init__(self, background: Background, limit: int) -> None:
        """`limit` is in bytes of encoded audio."""
        self._background = background
        self._limit = limit
        self._size = 0
        self._kept: OrderedDict[_Key, bytes] = OrderedDict()
        self._waiting: dict[_Key, list[Ready]] = {}

    def get(self, path: str, codec: Codec, ready: Ready) -> None:
        """Hand the encoded file to `ready`, at once if it is kept; or what went wrong."""
        try:
            status = Path(path).stat()
        except (OSError, ValueError) as error:
            ready(error)
            return
        key = (path, codec, status.st_mtime_ns, status.st_size)
        self._get(key, lambda: _load(path, codec), ready)

    def tones(self, piece: Sequence[tones.Tone], codec: Codec, ready: Ready) -> None:
        """Hand over tones, made and encoded, in the same way."""
        made = tuple(piece)
        self._get((made, codec), lambda: encode(tones.samples(made), codec), ready)

    def _get(self, key: _Key, load: Callable[[], bytes], ready: Ready) -> None:
        if key in self._kept:
            self._kept.move_to_end(key)
            ready(self._kept[key])
        elif key in self._waiting:
            self._waiting[key].append(ready)
        else:
            self._waiting[key] = [ready]
            self._background.run(load, lambda got: self._loaded(key, got))

    def _loaded(self, key: _Key, got: bytes | OSError | ValueError) -> None:
        if isinstance(got, bytes):
            self._keep(key, got)
        for ready in self._waiting.pop(key):
            ready(got)

    def _keep(self, key: _Key, audio: bytes) -> None:
        self._kept[key] = audio
        self._size += len(audio)
        while self._size > self._limit and self._kept:
            self._size -= len(self._kept.popitem(last=False)[1])


def _load(path: str, codec: Codec) -> bytes:
    with Path(path).open("rb") as file:
        raw = file.read(MAX_FILE_BYTES + 1)
    if len(raw) > MAX_FILE_BYTES:
        raise ValueError(f"more than {MAX_FILE_BYTES} bytes of audio")
    # Half a sample at the end is a file cut short; the rest of it is good.
    return encode(np.frombuffer(raw[: len(raw) // 2 * 2], "<i2").astype(np.int16), codec)
