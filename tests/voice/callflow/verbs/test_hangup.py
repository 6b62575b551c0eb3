from opentact.voice.callflow.steps import DoHangup, End, Why
from voice.callflow.conversation import NO, converse


def test_ends_the_call_and_the_flow_with_its_tag() -> None:
    story = converse('<Hangup tag="bye"/><Say>never</Say>')
    [ask] = story.asks
    assert isinstance(ask, DoHangup)
    assert ask.tag == "bye"
    assert story.end == End(Why.HANGUP, "hung up by Hangup[0]", "bye")


def test_from_deep_inside_everything_around_it_is_reported() -> None:
    story = converse(
        '<Gather dtmf_length="1"><DTMF value="1"><Hangup/></DTMF></Gather><Say>never</Say>', "1"
    )
    assert story.messages == [
        "[success] command Gather[0]/DTMF[0]/Hangup[0], reason: Call hung up",
        "[success] command Gather[0]/DTMF[0], reason: ended by a Hangup",
        "[success] command Gather[0], reason: entered 1",
    ]
    assert story.heard == []


def test_what_failed_before_it_stays_failed() -> None:
    flow = "<Callback>http://a.example/<Error><Hangup/></Error></Callback>"
    story = converse(flow, NO)
    assert story.messages[1:] == [
        "[success] command Callback[0]/Error[0], reason: ended by a Hangup",
        "[failed] command Callback[0], reason: no",
    ]


def test_even_one_that_fails_ends_the_flow() -> None:
    story = converse("<Hangup/><Error><Say>x</Say></Error>", unless={"Hangup[0]": NO})
    assert story.heard == []
    assert story.end.why is Why.HANGUP
