import pytest
from hypothesis import given
from hypothesis import strategies as st

from opentact.voice.guard.offences import OFFENCES
from opentact.voice.guard.sources import Standing
from opentact.voice.guard.watch import MAX_TARGETS, Evidence, Watch

MALLORY = "192.0.2.66"
STRANGER = Standing.STRANGER


def guesses(watch: Watch, every: float, upto: int, standing: Standing = STRANGER) -> int | None:
    """Guess passwords until that is enough; tell after how many."""
    for n in range(1, upto + 1):
        if watch.noticed(MALLORY, "wrong_password", "ann@acme", standing, n * every):
            return n
    return None


@pytest.mark.parametrize(
    ("every", "standing", "after"),
    [
        (0.1, Standing.STRANGER, 11),
        (1, Standing.STRANGER, 11),
        (60, Standing.STRANGER, None),
        (1, Standing.SPARED, None),
    ],
)
def test_guessing_is_enough_after_ten_or_so_unless_it_is_as_slow_as_a_phone(
    every: float, standing: Standing, after: int | None
) -> None:
    assert guesses(Watch(0), every, 200, standing) == after


def test_whoever_is_known_may_err_like_an_office() -> None:
    watch = Watch(0)
    for n in range(40):  # their own users each, as phones have
        assert watch.noticed(MALLORY, "unknown_user", str(n), Standing.KNOWN, n) is None
    found = None
    for n in range(40, 400):
        found = found or watch.noticed(MALLORY, "unknown_user", str(n), Standing.KNOWN, n)
    assert found is not None
    assert found.total > 100


def test_evidence_names_what_weighed_most_and_is_told_once() -> None:
    watch = Watch(0)
    for _ in range(20):
        assert watch.noticed(MALLORY, "malformed", "", STRANGER, 0) is None
    told = [watch.noticed(MALLORY, "stranger", f"to {n}", STRANGER, 0) for n in range(9)]
    assert [each for each in told if each] == [
        Evidence("stranger", {"malformed": 20, "stranger": 6}, "to 5")
    ]


def test_guesses_at_one_user_from_everywhere_weigh_more() -> None:
    watch = Watch(0)
    for n in range(50):
        assert watch.noticed(f"s{n}", "wrong_password", "ann@acme", STRANGER, 1) is None
    assert watch.noticed("s50", "wrong_password", "ann@acme", STRANGER, 1) is None
    assert watch.noticed("s50", "wrong_password", "ann@acme", STRANGER, 1) is not None
    assert watch.noticed("s51", "wrong_password", "bob@acme", STRANGER, 1) is None
    assert watch.noticed("s51", "wrong_password", "bob@acme", STRANGER, 1) is None


def test_messages_beyond_the_rate_are_dropped_and_come_in_again_later() -> None:
    watch = Watch(10)
    passed = [watch.heard(MALLORY, STRANGER, 1) for _ in range(100)]
    assert passed == [True] * 40 + [False] * 60
    assert [watch.heard(MALLORY, STRANGER, 2) for _ in range(11)] == [True] * 10 + [False]
    assert all(watch.heard("192.0.2.1", Standing.SPARED, 1) for _ in range(1000))
    assert sum(watch.heard("192.0.2.2", Standing.KNOWN, 1) for _ in range(1000)) == 40


def test_a_flood_of_forged_sources_is_bounded_and_pushes_out_nobody_who_is_heard() -> None:
    watch = Watch(100)
    assert watch.heard("ours", STRANGER, 0)
    let_in = 0
    for n in range(100_000):  # 10,000 a second for ten seconds
        now = n / 10_000
        let_in += watch.heard(f"forged {n}", STRANGER, now)
        if n % 5_000 == 0:
            assert watch.heard("ours", STRANGER, now)
    assert let_in <= 12_001
    assert len(watch.sources) <= 10_000
    assert watch.sources["ours"].messages == 21


def test_users_guessed_at_are_bounded_too() -> None:
    watch = Watch(0)
    for n in range(MAX_TARGETS + 500):
        watch.noticed(MALLORY, "wrong_password", f"u{n}@acme", STRANGER, 1)
    assert len(watch._targets) == MAX_TARGETS


@given(
    st.lists(
        st.tuples(
            st.sampled_from([*OFFENCES, "something new"]),
            st.sampled_from(Standing),
            st.floats(0, 1000),
        ),
        max_size=200,
    )
)
def test_points_stay_within_bounds_whatever_comes(
    deeds: list[tuple[str, Standing, float]],
) -> None:
    watch, now = Watch(1, max_sources=3), 0.0
    for n, (what, standing, later) in enumerate(deeds):
        now += later
        place = f"s{n % 5}"
        watch.heard(place, standing, now)
        told = watch.noticed(place, what, "x" * 500, standing, now)
        assert told is None or standing is not Standing.SPARED
        assert len(watch.sources) <= 3
        assert all(0 <= each.points <= 1000 for each in watch.sources.values())
        assert all(len(each.detail) <= 120 for each in watch.sources.values())
