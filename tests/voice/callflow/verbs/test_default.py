from voice.callflow.conversation import converse, wrong


def test_in_a_gather_it_is_for_silence() -> None:
    flow = "<Gather><DTMF value='1'/><Default><Say>silence</Say></Default></Gather>"
    assert converse(flow, "").heard == ["silence"]
    assert converse(flow, "9").heard == []


def test_in_a_switch_it_is_for_other_keys() -> None:
    flow = "<Gather><Switch><Default><Say>other</Say></Default></Switch></Gather>"
    assert converse(flow, "").heard == []


def test_stands_nowhere_else() -> None:
    assert wrong("<Default/>").startswith("<Default> may not stand in <Response>")
