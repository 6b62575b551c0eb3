from opentact.voice.callflow.document import read
from opentact.voice.callflow.verbs.tone import Tone
from voice.callflow.conversation import converse, wrong


def verb(flow: str) -> Tone:
    [verb] = read(f"<Response>{flow}</Response>".encode()).verbs
    assert isinstance(verb, Tone)
    return verb


def test_is_read_with_its_attributes_and_defaults() -> None:
    assert verb('<Tone v="-70" hz="440,480x2"/>').volume_db == -70
    assert verb("<Tone/>").volume_db == 0


def test_refuses_what_it_cannot_be() -> None:
    assert wrong('<Tone volume="1"/>').startswith("<Tone")


def test_does_not_run_yet_and_fails_into_its_error() -> None:
    story = converse("<Tone/><Error><Say>x</Say></Error><Say>on</Say>")
    assert story.heard == ["x", "on"]
    assert "<Tone> cannot run yet: " in story.came_of("Tone[0]").reason


def test_refuses_what_is_no_frequency() -> None:
    for hz in ("", "a", "440;480", "440," * 20 + "1"):
        assert "expected frequencies" in wrong(f'<Tone hz="{hz}"/>')
