import pytest
from hypothesis import given
from hypothesis import strategies as st

from opentact.voice.sip.lexical import (
    find_param,
    is_token,
    parse_params,
    print_params,
    quote,
    readable,
    split_list,
    unquote,
)


@pytest.mark.parametrize(
    ("value", "parts"),
    [
        ("", [""]),
        ("one", ["one"]),
        ("one, two ,three", ["one", "two", "three"]),
        ('"a, b" <sip:x>, c', ['"a, b" <sip:x>', "c"]),
        ('"a \\", b" <sip:x>, c', ['"a \\", b" <sip:x>', "c"]),
        ("<sip:a,b@x>, c", ["<sip:a,b@x>", "c"]),
        ('<sip:"@x>, c', ['<sip:"@x>', "c"]),
        (",,", ["", "", ""]),
    ],
)
def test_lists_are_split_at_bare_commas_only(value: str, parts: list[str]) -> None:
    assert split_list(value) == parts


@pytest.mark.parametrize("value", ['a, "b', "a, <b", '"a\\", b'])
def test_an_open_quote_or_bracket_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match="left open"):
        split_list(value)


def test_parameters_keep_their_order_and_their_quotes() -> None:
    params = parse_params(' ;a=1; B ;c="x;y"'.strip())
    assert params == (("a", "1"), ("b", None), ("c", '"x;y"'))
    assert find_param(params, "b") == ""
    assert find_param(params, "d") is None


@pytest.mark.parametrize("text", [";", ";;", ";=1", ";a=", ';a="x', ";a=<b>", "a=1"])
def test_what_is_no_parameter_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a parameter"):
        parse_params(text)


TOKENS = st.text("abcXYZ019-.!%*_+`'~", min_size=1)


@given(
    st.lists(
        st.tuples(TOKENS.map(str.lower), st.none() | TOKENS | st.text(max_size=9).map(quote))
    ).map(tuple)
)
def test_parameters_survive_printing(params: tuple[tuple[str, str | None], ...]) -> None:
    assert parse_params(print_params(params)) == params


@given(st.text())
def test_quoting_survives_unquoting(text: str) -> None:
    assert unquote(quote(text)) == text


def test_what_is_not_quoted_stays() -> None:
    assert unquote('"') == '"'
    assert unquote("a\\b") == "a\\b"


def test_tokens_are_told_from_other_words() -> None:
    assert is_token("z9hG4bK-.!%66*_+`'~")
    assert not is_token("a b")
    assert not is_token("")


def test_broken_text_becomes_showable() -> None:
    assert readable("caf\udce9") == "caf\ufffd"
    assert readable("café") == "café"
