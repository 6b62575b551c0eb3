import pytest

from opentact.voice.callflow.document import elements, read
from opentact.voice.callflow.grammar import FLOW, PROMPTS
from opentact.voice.callflow.verb import Verb
from opentact.voice.callflow.verbs import ELEMENTS
from opentact.voice.callflow.verbs.gather import Gather
from voice.callflow.conversation import refusal, wrong


def test_a_document_is_its_verbs_in_order() -> None:
    flow = read(b"<Response><Answer/><Say>Hi</Say><Say>Ho</Say><Hangup/></Response>")
    assert [verb.origin.path for verb in flow.verbs] == [
        "Answer[0]",
        "Say[0]",
        "Say[1]",
        "Hangup[0]",
    ]
    assert flow.size == 4


def test_all_findings_come_at_once_in_the_order_of_the_document() -> None:
    assert refusal(
        """<Response>
  <Answr/>
  <Say loop="0"/>
  <Gather dtmf_length="many">
    <Hangup/>
    <DTMF><Foo/></DTMF>
  </Gather>
  stray
</Response>"""
    ) == [
        "1:1: text 'stray' in <Response>; expected none",
        f"2:3: unknown verb <Answr>; did you mean Answer?; <Response> may hold {listed(FLOW)}",
        "3:3: <Say loop='0'>: expected a whole number from 1 to 100",
        "3:3: <Say> lacks its text; expected as attribute or text: text",
        "4:3: <Gather dtmf_length='many'>: expected a whole number from 1 to 64",
        f"5:5: <Hangup> may not stand in <Gather>; expected {listed(Gather.grammar.children)}",
        "6:5: <DTMF> lacks its value; expected as attribute: 1 to 64 keys out of 0-9 * # A-D",
        f"6:11: unknown verb <Foo>; <DTMF> may hold {listed(FLOW)}",
    ]


def listed(names: tuple[str, ...]) -> str:
    return ", ".join(f"<{name}>" for name in names)


@pytest.mark.parametrize(
    ("flow", "finding"),
    [
        ('<Say txt="x">y</Say>', "<Say> has no attribute 'txt'; did you mean text?; known are"),
        ('<Answer zzz="1"/>', "<Answer> has no attribute 'zzz'; known are delay, tag"),
        ("<answer/>", "unknown verb <answer>; did you mean Answer?"),
        ("<CALLBACK/>", "unknown verb <CALLBACK>; did you mean Callback?"),
        ("<DTMF value='1'/>", "<DTMF> may not stand in <Response>; expected <Answer>, <Say>"),
        ("<Response/>", "<Response> may not stand in <Response>; expected"),
        ("<Say>a<Pause/></Say>", "<Pause> may not stand in <Say>; expected nothing"),
        ("<Answer>now</Answer>", "text 'now' in <Answer>; expected none"),
        ('<Answer tag=""/>', "<Answer tag=''>: expected a name of at most 255 characters"),
        (
            "<Gather><Error/><Error/></Gather>",
            "a second <Error> in <Gather>; expected at most one",
        ),
        (
            "<Gather><Switch/><Switch/></Gather>",
            "a second <Switch> in <Gather>; expected at most one",
        ),
        ("<Error/>", "<Error> has no command before it; expected one that may fail"),
        (
            "<Answer/><Error/><Error/>",
            "<Answer> has an <Error> already; expected at most one",
        ),
        (
            "<Callback url='http://a.example/'><Error/></Callback><Error/>",
            "<Callback> has an <Error> already; expected at most one",
        ),
    ],
)
def test_mistakes_are_named(flow: str, finding: str) -> None:
    assert wrong(flow).startswith(finding)


def test_mistakes_inside_a_misplaced_verb_are_found_too() -> None:
    findings = refusal("<Response><Pause><Say loop='x'>a</Say></Pause></Response>")
    assert findings == [
        "1:18: <Say loop='x'>: expected a whole number from 1 to 100",
        "1:18: <Say> may not stand in <Pause>; expected nothing",
    ]


@pytest.mark.parametrize(
    ("document", "found"),
    [
        ("<html><body>502</body></html>", "<html> is no call flow; expected <Response>"),
        ("<!DOCTYPE html><html/>", "<html> is no call flow; expected <Response>"),
        ("<response/>", "<response> is no call flow; expected <Response>"),
    ],
)
def test_another_root_is_refused(document: str, found: str) -> None:
    [finding] = refusal(document)
    assert finding.endswith(found)


def test_a_long_bad_value_is_shown_in_part() -> None:
    assert wrong(f'<Say lang="{"x" * 5000}">a</Say>').startswith(f"<Say lang='{'x' * 60}...'>")


def test_names_of_namespaces_say_nothing_about_a_call() -> None:
    document = (
        b'<Response xmlns="urn:x" xmlns:xsi="urn:y" xsi:schemaLocation="z"><Answer/></Response>'
    )
    assert read(document).size == 1


@pytest.mark.parametrize(
    ("flow", "field", "value"),
    [
        ("<Gather length='2' dtmf_length='4'/>", "max_digits", 4),
        ("<Gather dtmf_length='4' length='2'/>", "max_digits", 4),
        ("<Tone v='-1' volume='-2'/>", "volume_db", -2),
        ("<Tone volume='-2' v='-1'/>", "volume_db", -2),
    ],
)
def test_a_name_proper_wins_over_its_alias(flow: str, field: str, value: int) -> None:
    [verb] = read(f"<Response>{flow}</Response>".encode()).verbs
    assert getattr(verb, field) == value


@pytest.mark.parametrize("name", [*FLOW, *PROMPTS])
def test_whatever_may_stand_in_a_flow_is_a_verb(name: str) -> None:
    assert issubclass(elements()[name], Verb)


def test_every_child_a_grammar_names_is_known() -> None:
    named = {child for element in ELEMENTS for child in element.grammar.children}
    assert named <= set(elements())


def test_no_name_is_used_twice() -> None:
    names = [n for e in ELEMENTS for n in (e.grammar.name, *e.grammar.aliases)]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("element", ELEMENTS, ids=lambda element: element.grammar.name)
def test_no_element_has_two_attributes_of_one_name(element: type[Verb]) -> None:
    names = [n for a in element.grammar.attributes for n in (a.name, *a.aliases)]
    assert len(names) == len(set(names))
