import pytest
from hypothesis import given
from hypothesis import strategies as st

from opentact.voice.sip.authorization import Answer, Challenge, find_answer

ANSWER = (
    'Digest username="bob", realm="a.example", nonce="n", uri="sip:a.example",'
    ' response="00FF", algorithm=MD5, qop=auth, nc=0000000a, cnonce="c"'
)


def test_reads_an_answer() -> None:
    answer = Answer.parse(ANSWER)
    assert answer == Answer(
        "bob", "a.example", "n", "sip:a.example", "00ff", "MD5", "c", "0000000a"
    )


@pytest.mark.parametrize(
    "spelling",
    [
        ANSWER.replace("Digest", "digest").replace("username", "USERNAME"),
        ANSWER.replace(", ", ",\t"),
        ANSWER.replace("=", " = "),
        ANSWER.replace("qop=auth", 'qop="auth"').replace("algorithm=MD5", 'algorithm="md5"'),
        ANSWER.replace(", algorithm=MD5", ""),
        ANSWER + ', opaque="x, y", username="eve"',
    ],
)
def test_spellings_of_the_world_mean_the_same(spelling: str) -> None:
    assert Answer.parse(spelling) == Answer.parse(ANSWER)


def test_a_quoted_name_may_hold_quotes_and_commas() -> None:
    assert Answer.parse(ANSWER.replace('"bob"', r'"b\"o, b"')).username == 'b"o, b'


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ("", "not Digest"),
        ("Basic Ym9iOnNlY3JldA==", "not Digest"),
        (ANSWER.replace("qop=auth,", ""), "without qop"),
        (ANSWER.replace("qop=auth", "qop=auth-int"), "without qop"),
        (ANSWER.replace("0000000a", "a"), "without qop"),
        (ANSWER.replace("nc=0000000a,", ""), "without qop"),
        (ANSWER.replace("MD5", "MD5-sess"), "not an algorithm"),
        (ANSWER.replace(', cnonce="c"', ""), "'cnonce'"),
        (ANSWER.replace('"bob"', '"bob'), "not a parameter"),
        (ANSWER + "".join(f",a{n}=b" for n in range(40)), "not a parameter"),
    ],
)
def test_what_is_no_answer_is_refused(wrong: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        Answer.parse(wrong)


def test_the_answer_for_our_realm_is_found_among_others() -> None:
    other = ANSWER.replace("a.example", "b.example")
    found = find_answer(["Basic x", other, ANSWER], "A.EXAMPLE")
    assert found == Answer.parse(ANSWER)
    assert find_answer([other], "a.example") is None


def test_reads_a_challenge() -> None:
    text = 'Digest realm="r", nonce="n", qop="auth-int,auth", stale=TRUE, opaque="o"'
    assert Challenge.parse(text) == Challenge("r", "n", "MD5", qop=True, opaque="o", stale=True)


def test_a_challenge_without_qop_is_the_old_one() -> None:
    assert not Challenge.parse('Digest realm="r", nonce="n"').qop


@pytest.mark.parametrize(
    "wrong",
    [
        'Digest realm="r", nonce="n", algorithm=AKAv1-MD5',
        'Digest realm="r", nonce="n", qop="auth-int"',
        'Digest nonce="n"',
        'Digest realm="r", nonce=""',
    ],
)
def test_a_challenge_we_cannot_answer_is_refused(wrong: str) -> None:
    with pytest.raises(ValueError, match=r"not a|without"):
        Challenge.parse(wrong)


@given(st.text(max_size=300))
def test_any_text_is_a_value_or_a_value_error(text: str) -> None:
    for read in (Answer.parse, Challenge.parse):
        try:
            read(f"Digest {text}")
        except ValueError:
            continue
