import pytest

from opentact.voice.callflow.document import read
from opentact.voice.callflow.stage import Outcome
from opentact.voice.callflow.steps import Done, Failed, Fetched
from opentact.voice.callflow.verb import count, outcome


def test_an_outcome_has_the_calls_own_reason_or_ours() -> None:
    assert outcome(Done(), "ours") == Outcome(success=True, reason="ours")
    assert outcome(Done("theirs"), "ours").reason == "theirs"
    assert outcome(Done(barged=True), "ours").barged
    assert outcome(Failed("why"), "ours") == Outcome(success=False, reason="why")


def test_a_reply_that_answers_another_ask_is_refused() -> None:
    for reply in (None, Fetched(b""), Outcome(success=True, reason="")):
        with pytest.raises(TypeError, match="expected Done or Failed"):
            outcome(reply, "")


def test_commands_are_counted_in_words() -> None:
    assert [count(n) for n in (0, 1, 2)] == ["0 commands run", "1 command run", "2 commands run"]


def test_verbs_are_values() -> None:
    flow = b"<Response><Say>a</Say></Response>"
    assert read(flow) == read(flow)
    assert hash(read(flow).verbs[0]) == hash(read(flow).verbs[0])
    with pytest.raises(AttributeError):
        read(flow).verbs[0].origin = None  # type: ignore[assignment, misc]
