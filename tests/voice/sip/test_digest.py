import gc
import time
from dataclasses import replace

import pytest

from opentact.voice.sip import digest
from opentact.voice.sip.authorization import Answer, Challenge
from opentact.voice.sip.digest import (
    LIFETIME_S,
    Challenger,
    Credentials,
    Ha1s,
    Outcome,
    answer_challenge,
    ha1,
)

REALM = "demo.sip.example"
URI = f"sip:{REALM}"
BOB = Credentials("bob", "secret")
KNOWN = Ha1s(
    md5=ha1("bob", REALM, "secret"),
    sha256=ha1("bob", REALM, "secret", "SHA-256"),
    md5_full=ha1(f"bob@{REALM}", REALM, "secret"),
)


@pytest.fixture
def challenger() -> Challenger:
    return Challenger(b"s" * 32)


def answered(
    challenge: str, who: Credentials = BOB, *, method: str = "REGISTER", count: int = 1
) -> Answer:
    return Answer.parse(answer_challenge(challenge, method, URI, who, "cn", count))


@pytest.mark.parametrize(
    ("algorithm", "password", "nonce", "cnonce", "realm", "response"),
    [
        pytest.param(
            "MD5",
            "Circle Of Life",
            "dcd98b7102dd2f0e8b11d0f600bfb0c093",
            "0a4f113b",
            "testrealm@host.com",
            "6629fae49393a05397450978507c4ef1",
            id="RFC 2617 3.5",
        ),
        pytest.param(
            "SHA-256",
            "Circle of Life",
            "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",
            "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
            "http-auth@example.org",
            "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1",
            id="RFC 7616 3.9.1",
        ),
    ],
)
def test_answers_as_in_the_rfcs(
    algorithm: str, password: str, nonce: str, cnonce: str, realm: str, response: str
) -> None:
    header = answer_challenge(
        Challenge(realm, nonce, algorithm),
        "GET",
        "/dir/index.html",
        Credentials("Mufasa", password),
        cnonce,
        1,
    )
    assert Answer.parse(header).response == response


def test_answers_the_old_challenge_without_qop() -> None:
    # RFC 2069 2.4, with the response corrected by its errata.
    header = answer_challenge(
        'Digest realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093"',
        "GET",
        "/dir/index.html",
        Credentials("Mufasa", "CircleOfLife"),
        "unused",
        1,
    )
    assert 'response="1949323746fe6a43ef61f9606e7febea"' in header
    assert "qop" not in header
    assert "cnonce" not in header


def test_gives_back_what_the_challenge_wants_back() -> None:
    header = answer_challenge(
        'Digest realm="r", nonce="n", opaque="o\\"p"', "INVITE", URI, BOB, "c", 1
    )
    assert 'opaque="o\\"p"' in header


def test_credentials_never_show_the_password() -> None:
    assert "secret" not in repr(BOB)


def test_hashed_credentials_answer_what_they_are_hashed_for() -> None:
    weak = Credentials("bob", ha1s=Ha1s(md5=ha1("bob", "r", "secret")))
    by_password = answer_challenge('Digest realm="r", nonce="n"', "BYE", URI, BOB, "c", 1)
    assert answer_challenge('Digest realm="r", nonce="n"', "BYE", URI, weak, "c", 1) == by_password
    with pytest.raises(ValueError, match="no SHA-256"):
        answer_challenge('Digest realm="r", nonce="n", algorithm=SHA-256', "BYE", URI, weak, "c", 1)


def test_the_strong_challenge_comes_first(challenger: Challenger) -> None:
    asked = [Challenge.parse(each).algorithm for each in challenger.challenges(REALM, 0)]
    assert asked == ["SHA-256", "MD5"]


@pytest.mark.parametrize("which", [0, 1])
def test_who_knows_the_password_is_let_in_once_per_count(
    challenger: Challenger, which: int
) -> None:
    challenge = challenger.challenges(REALM, 10.0)[which]
    outcomes = [
        challenger.check(answered(challenge, count=count), "REGISTER", REALM, KNOWN, 11.0)
        for count in (1, 1, 2, 9, 3, 9, 10)
    ]
    proven, stale = Outcome.PROVEN, Outcome.STALE
    assert outcomes == [proven, stale, proven, proven, stale, stale, proven]


def test_a_login_with_its_domain_is_let_in(challenger: Challenger) -> None:
    full = Credentials(f"bob@{REALM}", "secret")
    answer = answered(challenger.challenges(REALM, 0)[1], full)
    assert challenger.check(answer, "REGISTER", REALM, KNOWN, 1) is Outcome.PROVEN


def test_a_login_that_is_an_e_mail_address_is_let_in(challenger: Challenger) -> None:
    mail = "bob@mail.example"
    known = Ha1s(md5=ha1(mail, REALM, "secret"))
    answer = answered(challenger.challenges(REALM, 0)[1], Credentials(mail, "secret"))
    assert challenger.check(answer, "REGISTER", REALM, known, 1) is Outcome.PROVEN


@pytest.mark.parametrize("which", [0, 1])
def test_a_wrong_password_and_an_unknown_user_are_told_the_same(
    challenger: Challenger, which: int
) -> None:
    challenge = challenger.challenges(REALM, 0)[which]
    wrong = answered(challenge, Credentials("bob", "guess"))
    unknown = answered(challenge, Credentials("nobody", "guess"))
    assert challenger.check(wrong, "REGISTER", REALM, KNOWN, 1) is Outcome.WRONG
    assert challenger.check(unknown, "REGISTER", REALM, None, 1) is Outcome.WRONG


def test_the_decoy_lets_nobody_in(challenger: Challenger) -> None:
    challenge = challenger.challenges(REALM, 0)[1]
    decoy = Credentials("nobody", ha1s=Ha1s(md5=challenger._decoy[:32]))
    assert challenger.check(answered(challenge, decoy), "REGISTER", REALM, None, 1) is Outcome.WRONG


def test_a_guess_uses_up_nothing(challenger: Challenger) -> None:
    challenge = challenger.challenges(REALM, 0)[0]
    for _ in range(100):
        wrong = answered(challenge, Credentials("bob", "guess"))
        challenger.check(wrong, "REGISTER", REALM, KNOWN, 1)
    assert len(challenger) == 0
    assert challenger.check(answered(challenge), "REGISTER", REALM, KNOWN, 1) is Outcome.PROVEN


def test_an_answer_is_good_for_its_method_only(challenger: Challenger) -> None:
    answer = answered(challenger.challenges(REALM, 0)[0], method="BYE")
    assert challenger.check(answer, "INVITE", REALM, KNOWN, 1) is Outcome.WRONG


def test_an_old_nonce_is_stale(challenger: Challenger) -> None:
    challenge = challenger.challenges(REALM, 50.0)[0]
    at_last, too_late = 50.0 + LIFETIME_S, 50.1 + LIFETIME_S
    assert challenger.is_fresh(answered(challenge), at_last)
    assert not challenger.is_fresh(answered(challenge), too_late)
    assert challenger.check(answered(challenge), "REGISTER", REALM, KNOWN, too_late) is (
        Outcome.STALE
    )


@pytest.mark.parametrize("nonce", ["", "x", "éé", "AAAA" * 11, "A" * 4000, "====", "\udcff"])
def test_a_nonce_that_is_not_ours_is_stale(challenger: Challenger, nonce: str) -> None:
    answer = replace(answered(challenger.challenges(REALM, 0)[0]), nonce=nonce)
    assert not challenger.is_fresh(answer, 1)
    assert challenger.check(answer, "REGISTER", REALM, KNOWN, 1) is Outcome.STALE


def test_a_nonce_of_another_realm_or_process_is_stale(challenger: Challenger) -> None:
    elsewhere = answered(challenger.challenges("other.example", 0)[0])
    assert challenger.check(elsewhere, "REGISTER", REALM, KNOWN, 1) is Outcome.STALE
    moved = replace(elsewhere, realm=REALM)
    assert challenger.check(moved, "REGISTER", REALM, KNOWN, 1) is Outcome.STALE
    before_restart = answered(Challenger(b"t" * 32).challenges(REALM, 0)[0])
    assert challenger.check(before_restart, "REGISTER", REALM, KNOWN, 1) is Outcome.STALE


def test_a_stale_challenge_says_so(challenger: Challenger) -> None:
    assert all(Challenge.parse(each).stale for each in challenger.challenges(REALM, 0, stale=True))
    assert not any(Challenge.parse(each).stale for each in challenger.challenges(REALM, 0))


def test_no_two_challenges_share_a_nonce(challenger: Challenger) -> None:
    nonces = {Challenge.parse(challenger.challenges(REALM, 0)[0]).nonce for _ in range(1000)}
    assert len(nonces) == 1000


def test_used_nonces_are_forgotten_when_they_are_stale_anyway(challenger: Challenger) -> None:
    for moment in range(0, 6000, 10):
        challenge = challenger.challenges(REALM, moment)[0]
        challenger.check(answered(challenge), "REGISTER", REALM, KNOWN, moment)
    assert len(challenger) <= 2 * LIFETIME_S / 10


def test_used_nonces_are_bounded_and_forgetting_lets_no_replay_in(
    challenger: Challenger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(digest, "MAX_USED", 5)
    answers = [answered(challenger.challenges(REALM, 0)[0]) for _ in range(6)]
    for answer in answers:
        assert challenger.check(answer, "REGISTER", REALM, KNOWN, 1) is Outcome.PROVEN
        assert len(challenger) <= 5
    for answer in answers:
        assert challenger.check(answer, "REGISTER", REALM, KNOWN, 2) is Outcome.STALE
    again = answered(challenger.challenges(REALM, 2)[0])
    assert challenger.check(again, "REGISTER", REALM, KNOWN, 2) is Outcome.PROVEN


def test_unknown_users_take_the_same_time(challenger: Challenger) -> None:
    """The fastest of many: what is left of noise is far below what a skipped hash would save."""
    answer = answered(challenger.challenges(REALM, 0)[0], Credentials("bob", "guess"))

    def fastest(known: Ha1s | None) -> float:
        best = 1.0
        for _ in range(2000):
            began = time.perf_counter()
            challenger.check(answer, "REGISTER", REALM, known, 1)
            best = min(best, time.perf_counter() - began)
        return best

    gc.disable()
    try:
        ratio = min(abs(fastest(KNOWN) / fastest(None) - 1) for _ in range(5))
    finally:
        gc.enable()
    assert ratio < 0.1
