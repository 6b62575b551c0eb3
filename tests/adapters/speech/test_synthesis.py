"""How texts are cut for a voice that needs its breath."""

from hypothesis import given
from hypothesis import strategies as st

from opentact.adapters.speech.synthesis import _breaths


def test_sentences_are_spoken_one_by_one() -> None:
    assert _breaths("Press one. Press two!  Or stay?") == ["Press one.", "Press two!", "Or stay?"]


def test_a_sentence_without_end_is_cut_between_words() -> None:
    pieces = _breaths("word " * 800)
    assert max(map(len, pieces)) <= 300
    assert " ".join(pieces) == ("word " * 800).strip()


@given(st.text(alphabet="ab. !?", max_size=2000))
def test_nothing_is_lost(text: str) -> None:
    assert "".join("".join(_breaths(text)).split()) == "".join(text.split())
