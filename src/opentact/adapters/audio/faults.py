"""What may be wrong with sound that a customer gave us."""

from opentact.kit.faults import Fault


class AudioUnreachable(Fault):
    """The sound could not be fetched; `meta` is the code of what the request failed with."""

    code = "audio_unreachable"
    status = 502


class AudioNotUnderstood(Fault):
    """This is no sound we can play: it must be wav, mp3, flac or ogg (Vorbis)."""

    code = "audio_not_understood"
    status = 400


class AudioTooLong(Fault):
    """The sound is longer than 10 minutes, or its file larger than 10 MB."""

    code = "audio_too_long"
    status = 400
