import pytest

from opentact.voice.callflow.stage import Budget, CallFacts, Stage, Unwound
from opentact.voice.callflow.steps import At


def test_a_budget_is_spent_to_the_last_and_then_unwinds() -> None:
    budget = Budget(fetches=1, steps=1)
    budget.fetch()
    budget.step()
    with pytest.raises(Unwound, match="fetches per call"):
        budget.fetch()
    with pytest.raises(Unwound, match="commands per call"):
        budget.step()


def test_fetched_documents_have_places_of_their_own() -> None:
    facts = CallFacts(fields=dict, app="a")
    stage = Stage(At("Gather[0]", 1), "", facts, Budget())
    assert [stage.next_response() for _ in range(2)] == [
        "Gather[0]/Response[0]/",
        "Gather[0]/Response[1]/",
    ]


def test_a_field_the_call_has_not_is_none() -> None:
    assert CallFacts(fields=lambda: {"a": 1}, app="a").get("b") is None
