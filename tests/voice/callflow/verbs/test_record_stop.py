from opentact.voice.callflow.steps import DoRecordStop
from voice.callflow.conversation import NO, converse


def test_ends_the_recording_of_its_tag() -> None:
    [ask] = converse('<RecordStop tag="r"/>').asks
    assert isinstance(ask, DoRecordStop)
    assert ask.tag == "r"


def test_says_that_there_was_none() -> None:
    story = converse("<RecordStop/>", unless={"RecordStop[0]": NO})
    assert not story.came_of("RecordStop[0]").success
