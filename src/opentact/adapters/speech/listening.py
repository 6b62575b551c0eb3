"""Reading a piece of a recording as Whisper wants it; imported by the listening process only."""

import miniaudio
import numpy as np
import soxr

Sound = np.ndarray[tuple[int], np.dtype[np.float32]]
Frames = np.ndarray[tuple[int, int], np.dtype[np.int16]]
_FULL = 32_768


def read_piece(
    file: str, channel: int, channels: int, at: float, seconds: int, rate: int
) -> tuple[Sound, bool]:
    """Read `seconds` of a channel from `at` on, at `rate`; and tell whether that was the end.

    Raises miniaudio's DecodeError for what is no sound.
    """
    own = miniaudio.get_file_info(file).sample_rate
    most = seconds * own
    pieces: list[Frames] = []
    read = 0
    stream = miniaudio.stream_file(
        file,
        miniaudio.SampleFormat.SIGNED16,
        channels,
        own,
        frames_to_read=own,
        seek_frame=round(at * own),
    )
    for piece in stream:
        frames = np.frombuffer(piece, dtype=np.int16).reshape(-1, channels)
        pieces.append(frames)
        read += len(frames)
        if read > most:
            break
    stream.close()
    whole = np.concatenate(pieces)[:, channel - 1] if pieces else np.empty(0, dtype=np.int16)
    sound = (whole[:most] / _FULL).astype(np.float32)
    return soxr.resample(sound, own, rate).astype(np.float32), read <= most
