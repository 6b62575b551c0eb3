from opentact.voice.callflow.call_steps import DoTone
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


def test_sounds_its_frequencies_together() -> None:
    story = converse('<Tone don="300" doff="200" hz="440, 480x2,440" loop="3" v="-20" leg="both"/>')
    [ask] = [ask for ask in story.asks if isinstance(ask, DoTone)]
    assert (ask.hz, ask.on_ms, ask.off_ms, ask.loop) == ((440, 480), 300, 200, 3)
    assert (ask.volume_db, ask.timeout_ms, ask.leg) == (-20, 30_000, "both")


def test_refuses_what_no_telephone_line_carries() -> None:
    for hz in ("4000", "19", "440,10000"):
        assert "expected 20 to 3999" in wrong(f'<Tone hz="{hz}"/>')


def test_refuses_what_is_no_frequency() -> None:
    for hz in ("", "a", "440;480", "440," * 20 + "1"):
        assert "expected frequencies" in wrong(f'<Tone hz="{hz}"/>')
