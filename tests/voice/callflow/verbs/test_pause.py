import pytest

from opentact.voice.callflow.steps import Done, DoPause
from voice.callflow.conversation import converse, wrong


def paused(flow: str) -> DoPause:
    [ask] = converse(flow).asks
    assert isinstance(ask, DoPause)
    return ask


def test_pauses_a_second_unless_told() -> None:
    assert (paused("<Pause/>").length_ms, paused("<Pause/>").stop_keys) == (1000, "")
    assert paused('<Pause length="60000"/>').length_ms == 60_000


@pytest.mark.parametrize(("written", "keys"), [("#", "#"), ("1, 2,#", "12#"), ("a*", "A*")])
def test_keys_end_it(written: str, keys: str) -> None:
    assert paused(f'<Pause dtmf_stop="{written}"/>').stop_keys == keys


def test_tells_which_key_ended_it() -> None:
    story = converse('<Pause dtmf_stop="#"/>', unless={"Pause[0]": Done("Stopped by #")})
    assert story.came_of("Pause[0]").reason == "Stopped by #"


@pytest.mark.parametrize("keys", ["E", "+", "##############*##"])
def test_refuses_keys_that_no_telephone_has(keys: str) -> None:
    assert "expected 0 to 16 keys out of 0-9 * # A-D" in wrong(f'<Pause dtmf_stop="{keys}"/>')
