import pytest

from opentact.voice.callflow.stage import CallFacts, Region
from voice.callflow.conversation import CALL, converse, wrong

HOMES = {"+12015550100": Region("NJ", "Hudson")}


def runs(attributes: str, homes: dict[str, Region] = HOMES) -> bool:
    facts = CallFacts(fields=lambda: CALL, app="a", region_of=homes.get)
    return converse(f"<Geo {attributes}><Say>x</Say></Geo>", facts=facts).heard == ["x"]


@pytest.mark.parametrize(
    "attributes",
    ["", 'states="NJ"', 'states="ny, nj"', 'county="hudson"', 'states="NJ" county="Hudson"'],
)
def test_runs_for_callers_from_there(attributes: str) -> None:
    assert runs(attributes)


@pytest.mark.parametrize(
    "attributes", ['states="NY"', 'county="Bergen"', 'states="NY" county="Hudson"']
)
def test_passes_over_callers_from_elsewhere(attributes: str) -> None:
    assert not runs(attributes)


def test_a_number_without_a_known_home_is_nowhere() -> None:
    assert not runs('states="NJ"', {})
    assert not runs('county="Hudson"', {"+12015550100": Region("NJ")})
    assert runs("", {})


def test_without_a_table_it_fails_unless_it_needs_none() -> None:
    flow = '<Geo states="NJ"><Say>x</Say></Geo><Error><Say>lost</Say></Error>'
    assert converse(flow).heard == ["lost"]
    assert converse("<Geo><Say>x</Say></Geo>").heard == ["x"]


def test_refuses_states_that_are_none() -> None:
    assert wrong('<Geo states="NJ,XX"/>').startswith("<Geo states='NJ,XX'>: expected a comma list")
