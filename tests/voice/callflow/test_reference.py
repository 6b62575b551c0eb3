from pathlib import Path

import pytest

from opentact.voice.callflow.document import read
from opentact.voice.callflow.reference import document, reference
from opentact.voice.callflow.rehearsal import rehearse
from opentact.voice.callflow.verb import Element
from opentact.voice.callflow.verbs import ELEMENTS
from voice.callflow.conversation import FACTS

ROOT = Path(__file__).parents[3]


def test_the_page_is_as_the_verbs_are() -> None:
    page = (ROOT / "docs" / "reference" / "verbs.md").read_text()
    assert page == reference(), (
        "stale: python -m opentact.voice.callflow.reference > docs/reference/verbs.md"
    )


@pytest.mark.parametrize("element", ELEMENTS, ids=lambda element: element.grammar.name)
def test_every_example_is_read_and_shows_its_element(element: type[Element]) -> None:
    grammar = element.grammar
    assert f"<{grammar.name}" in document(grammar)
    assert read(document(grammar).encode()).verbs


@pytest.mark.parametrize("element", ELEMENTS, ids=lambda element: element.grammar.name)
@pytest.mark.parametrize("digits", ["", "1", "7"])
def test_every_example_is_played_to_its_end(element: type[Element], digits: str) -> None:
    *moments, end = rehearse(read(document(element.grammar).encode()), FACTS, digits)
    # A flow that goes elsewhere cannot: nothing is fetched in a rehearsal.
    assert end.success is (element.grammar.name != "Redirect")
    assert moments


@pytest.mark.parametrize("example", sorted((ROOT / "examples").glob("*.xml")), ids=lambda p: p.stem)
@pytest.mark.parametrize("digits", ["", "1", "2#", "99,1"])
def test_every_flow_for_users_to_copy_is_read_and_ends(example: Path, digits: str) -> None:
    *_, end = rehearse(read(example.read_bytes()), FACTS, digits)
    assert end.success
