from opentact.voice.callflow.steps import DoRecordStart
from voice.callflow.conversation import converse


def test_starts_a_recording_without_an_end_of_its_own() -> None:
    [ask] = converse('<RecordStart tag="r" asr="1" leg="both" format="MP3"/>').asks
    assert isinstance(ask, DoRecordStart)
    assert (ask.tag, ask.asr, ask.leg, ask.format) == ("r", True, "both", "mp3")
    assert (ask.max_ms, ask.silence_ms, ask.stop_keys) == (None, None, "")
