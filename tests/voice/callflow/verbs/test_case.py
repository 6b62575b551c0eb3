from voice.callflow.conversation import converse, wrong


def test_runs_for_its_keys() -> None:
    flow = "<Gather numDigits='2'><Switch><Case dtmf='10'><Say>ten</Say></Case></Switch></Gather>"
    assert converse(flow, "10").heard == ["ten"]
    assert converse(flow, "1").heard == []


def test_needs_its_keys() -> None:
    assert wrong("<Gather><Switch><Case/></Switch></Gather>").startswith("<Case> lacks its dtmf")
