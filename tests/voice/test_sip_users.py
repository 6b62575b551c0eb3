"""Logins and passwords of SIP users. How they are kept is in tests/api/test_sip_users.py."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opentact.voice.sip.digest import ha1
from opentact.voice.sip_users import digests, sound_login, weakness


@pytest.mark.parametrize("password", ["correct horse", "kY7#pq2v", "1234567890123456", "ann's own"])
def test_a_password_that_is_hard_to_guess_is_good(password: str) -> None:
    assert weakness(password, "ann") is None


@pytest.mark.parametrize(
    "password", ["1234567", "123456789012345", "abababab", "password12", "Letmein1"]
)
def test_a_password_that_is_tried_first_is_not(password: str) -> None:
    assert weakness(password, "ann") is not None


@pytest.mark.parametrize("password", ["reception2", "RECEPTION2", "2noitpecer"])
def test_the_login_is_no_password(password: str) -> None:
    assert weakness(password, "reception2") == "too easy: it is the login"
    assert weakness(password, "ann") is None


@pytest.mark.parametrize(
    "login", ["ann", "ann.lee@example.com-2021", "+12025550100", "änn", "a'b*#"]
)
def test_a_login_is_nearly_anything(login: str) -> None:
    assert sound_login(login) == login


@given(st.text(max_size=200))
def test_a_login_that_passes_can_be_written_everywhere(text: str) -> None:
    try:
        login = sound_login(text)
    except ValueError:
        return
    assert not set(login) & set(':"<>\\ \t\r\n\0')
    assert 1 <= len(login) <= 128


def test_what_stands_for_a_password_is_what_phones_work_out() -> None:
    made = digests("ann", "acme.example", "pw")
    assert made.md5 == ha1("ann", "acme.example", "pw")
    assert made.sha256_full == ha1("ann@acme.example", "acme.example", "pw", "SHA-256")
