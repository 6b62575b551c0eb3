import pytest

from opentact.voice.callflow.call_steps import DoReject
from opentact.voice.callflow.steps import Why
from voice.callflow.conversation import converse, wrong


@pytest.mark.parametrize(
    ("flow", "reason"),
    [("<Reject/>", "rejected"), ('<Reject reason="BUSY"/>', "busy")],
)
def test_turns_the_call_down_and_ends_the_flow(flow: str, reason: str) -> None:
    story = converse(f"{flow}<Answer/>")
    [ask] = story.asks
    assert isinstance(ask, DoReject)
    assert ask.reason == reason
    assert story.end.why is Why.HANGUP


def test_refuses_other_reasons() -> None:
    assert wrong('<Reject reason="asleep"/>').startswith("<Reject reason='asleep'>: expected one")
