import pytest

from opentact.voice.callflow.grammar import TAG, Missing
from opentact.voice.callflow.verb import Element
from opentact.voice.callflow.verbs import ELEMENTS


@pytest.mark.parametrize("element", ELEMENTS, ids=lambda element: element.grammar.name)
def test_attributes_are_found_by_name_and_alias_and_all_have_a_tag(element: type[Element]) -> None:
    grammar = element.grammar
    for attribute in grammar.attributes:
        for name in (attribute.name, *attribute.aliases):
            assert grammar.find(name) is attribute
    assert grammar.find("tag") is TAG
    assert grammar.find("no such attribute") is None


@pytest.mark.parametrize("element", ELEMENTS, ids=lambda element: element.grammar.name)
def test_text_stands_for_an_attribute_of_the_element(element: type[Element]) -> None:
    grammar = element.grammar
    assert grammar.text is None or grammar.text in grammar.attributes


@pytest.mark.parametrize("element", ELEMENTS, ids=lambda element: element.grammar.name)
def test_a_default_is_what_its_own_kind_would_read(element: type[Element]) -> None:
    for attribute in element.grammar.attributes:
        default = attribute.default
        if default is not None and not isinstance(default, Missing):
            assert attribute.kind.parse(str(default)) == default


@pytest.mark.parametrize("element", ELEMENTS, ids=lambda element: element.grammar.name)
def test_every_element_explains_itself(element: type[Element]) -> None:
    assert element.__doc__
    assert not element.__doc__.startswith(f"{element.__name__}(")
    assert all(attribute.says for attribute in element.grammar.attributes)
