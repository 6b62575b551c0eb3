import pytest

from opentact.voice.sip.names import COMPACT, phrase_of, printed


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("via", "Via"),
        ("call-id", "Call-ID"),
        ("cseq", "CSeq"),
        ("p-asserted-identity", "P-Asserted-Identity"),
        ("x-new-thing", "X-New-Thing"),
        ("rseq", "RSeq"),
        ("rack", "RAck"),
        ("min-se", "Min-SE"),
    ],
)
def test_names_are_written_as_the_rfcs_do(name: str, text: str) -> None:
    assert printed(name) == text


@pytest.mark.parametrize(
    ("status", "phrase"),
    [(486, "Busy Here"), (499, "Bad Request"), (299, "OK"), (699, "Busy Everywhere")],
)
def test_a_status_without_words_takes_those_of_its_class(status: int, phrase: str) -> None:
    assert phrase_of(status) == phrase


def test_short_names_are_single_letters_for_single_headers() -> None:
    assert all(len(short) == 1 for short in COMPACT)
    assert len(set(COMPACT.values())) == len(COMPACT)
