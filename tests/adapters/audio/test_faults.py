"""What a refused sound says without further words."""

from opentact.adapters.audio.faults import AudioTooLong
from opentact.adapters.audio.shelf import MAX_FILE, MAX_SECONDS


def test_the_limits_it_names_are_those_that_hold() -> None:
    said = str(AudioTooLong())
    assert f"longer than {MAX_SECONDS / 60:g} minutes" in said
    assert f"larger than {MAX_FILE / 1024 / 1024:g} MB" in said
