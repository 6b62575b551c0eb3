"""The names of SIP domains. How they are kept is in tests/api/test_sip_domains.py."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opentact.voice.domains import full_name, sound_label

BASE = "sip.example.com"


@pytest.mark.parametrize(
    "given_name", ["acme", "ACME", " acme ", "acme.sip.example.com.", "Acme.sip.example.com"]
)
def test_a_short_and_a_full_name_are_one(given_name: str) -> None:
    assert full_name(given_name, BASE) == "acme.sip.example.com"


@pytest.mark.parametrize(
    "wrong",
    ["", "ab", "a.b", "acme.other.com", "-ab", "ab-", "a--b", "a_b", "ßßß", "sip.example.com"],
)
def test_what_is_no_label_is_no_name(wrong: str) -> None:
    with pytest.raises(ValueError, match="letters, digits"):
        full_name(wrong, BASE)


@given(st.text())
def test_whatever_is_given_is_a_name_or_refused(text: str) -> None:
    try:
        name = full_name(text, BASE)
    except ValueError:
        return
    assert full_name(name, BASE) == name
    sound_label(name.partition(".")[0])
