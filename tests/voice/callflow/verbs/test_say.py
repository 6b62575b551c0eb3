import pytest

from opentact.voice.callflow.steps import DoSay
from voice.callflow.conversation import NO, converse, wrong


def said(flow: str) -> DoSay:
    [ask] = converse(flow).asks
    assert isinstance(ask, DoSay)
    return ask


def test_says_its_text_in_the_voice_of_the_defaults() -> None:
    ask = said("<Say>Good\n   morning.</Say>")
    assert ask.text == "Good morning."
    assert (ask.lang, ask.gender, ask.kind, ask.code) == ("en-US", "FEMALE", "Standard", None)
    assert (ask.loop, ask.leg, ask.barge_in) == (1, "aleg", False)


def test_says_it_as_the_attributes_want() -> None:
    ask = said(
        '<Say lang="es" gender="male" type="wavenet" code="es-ES-Wavenet-B" loop="3" leg="both">'
        "Hola</Say>"
    )
    assert (ask.lang, ask.gender, ask.kind) == ("es", "MALE", "WaveNet")
    assert (ask.code, ask.loop, ask.leg) == ("es-ES-Wavenet-B", 3, "both")


@pytest.mark.parametrize(
    ("flow", "text"),
    [
        ('<Say text="Hi"/>', "Hi"),
        ('<Say text="Hi">Ho</Say>', "Hi"),
        ("<Say>R&amp;D &lt;now&gt; <![CDATA[a < b]]></Say>", "R&D <now> a < b"),
        ("<Say>größer 電話 😀</Say>", "größer 電話 😀"),
    ],
)
def test_the_attribute_wins_over_the_text(flow: str, text: str) -> None:
    assert said(flow).text == text


@pytest.mark.parametrize("flow", ["<Say/>", "<Say>  \n </Say>"])
def test_refuses_to_say_nothing(flow: str) -> None:
    assert wrong(flow) == "<Say> lacks its text; expected as attribute or text: text"


@pytest.mark.parametrize(
    ("attribute", "expected"),
    [
        ('text=" "', "text"),
        ('loop="0"', "a whole number from 1 to 100"),
        ('loop="101"', "a whole number from 1 to 100"),
        ('gender="robot"', "one of MALE, FEMALE"),
        ('type="Neural"', "one of Standard, WaveNet"),
        ('lang="english please"', "a language such as en-US or es"),
        ('leg="c"', "one of aleg, bleg, both"),
    ],
)
def test_refuses_what_no_voice_can_do(attribute: str, expected: str) -> None:
    assert wrong(f"<Say {attribute}>x</Say>").endswith(f"expected {expected}")


def test_a_voice_that_fails_does_not_stop_the_flow() -> None:
    story = converse("<Say>a</Say><Say>b</Say>", unless={"Say[0]": NO})
    assert story.messages[0] == "[failed] command Say[0], reason: no"
    assert story.heard == ["a", "b"]
