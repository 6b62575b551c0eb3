import pytest

from opentact.api import rates
from opentact.api.rates import Left, Rates
from support.world import World


class Hand:
    """A monotonic clock that a test moves."""

    def __init__(self) -> None:
        self.at = 100.0

    def __call__(self) -> float:
        return self.at


@pytest.fixture
def hand() -> Hand:
    return Hand()


def test_a_burst_is_let_through_and_then_the_pace_counts(hand: Hand) -> None:
    limits = Rates(hand, per_second=2, burst=3)
    assert [limits.spend("a") for _ in range(3)] == [Left(3, 2, 1), Left(3, 1, 1), Left(3, 0, 2)]
    assert limits.spend("a") == Left(3, 0, 2, wait=1)
    hand.at += 0.5
    assert limits.spend("a") == Left(3, 0, 2)
    assert limits.spend("a") == Left(3, 0, 2, wait=1)


def test_a_refusal_costs_nothing_and_says_how_long_to_wait(hand: Hand) -> None:
    limits = Rates(hand, per_second=0.1, burst=1)
    limits.spend("a")
    for at, wait in ((100, 10), (104, 6), (109.5, 1), (110, 0)):
        hand.at = at
        left = limits.spend("a")
        assert left is not None
        assert left.wait == wait


def test_one_token_does_not_spend_what_is_anothers(hand: Hand) -> None:
    limits = Rates(hand, per_second=1, burst=1)
    assert limits.spend("a") == limits.spend("b") == Left(1, 0, 1)


def test_a_bucket_never_holds_more_than_a_burst(hand: Hand) -> None:
    limits = Rates(hand, per_second=100, burst=2)
    limits.spend("a")
    hand.at += 3600
    assert limits.spend("a") == Left(2, 1, 1)


def test_a_burst_is_two_seconds_worth(hand: Hand) -> None:
    assert Rates(hand, per_second=200).spend("a") == Left(400, 399, 1)


def test_zero_switches_it_off(hand: Hand) -> None:
    limits = Rates(hand, per_second=0, burst=1)
    assert [limits.spend("a") for _ in range(5)] == [None] * 5


def test_it_remembers_a_bounded_number_of_tokens(
    hand: Hand, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rates, "MOST_BUCKETS", 2)
    limits = Rates(hand, per_second=1, burst=1)
    for token in "abc":
        limits.spend(token)
    assert limits.spend("a") == Left(1, 0, 1)
    assert limits.spend("c") == Left(1, 0, 1, wait=1)


async def test_a_program_that_runs_wild_is_told_to_wait_and_others_are_not(
    world: World, hand: Hand
) -> None:
    world.services.rates = Rates(hand, per_second=0.5, burst=2)
    first, second, third = [await world.alice.client.get("/rest/token/list") for _ in range(3)]
    assert first.headers["ratelimit-remaining"] == "1"
    assert (second.headers["ratelimit-limit"], second.headers["ratelimit-reset"]) == ("2", "4")
    assert third.status_code == 429
    assert third.json()["code"] == "too_fast"
    assert third.headers["retry-after"] == "2"
    assert third.headers["ratelimit-remaining"] == "0"
    assert (await world.bob.client.get("/rest/token/list")).status_code == 200
    hand.at += 2
    assert (await world.alice.client.get("/rest/token/list")).status_code == 200


async def test_a_wrong_token_costs_its_guesser_and_nobody_else(world: World, hand: Hand) -> None:
    world.services.rates = Rates(hand, per_second=1, burst=1)
    for _ in range(3):
        answer = await world.anonymous.get("/rest/user", headers={"X-Auth-Token": "x" * 48})
        assert answer.status_code == 401
    assert (await world.alice.client.get("/rest/user")).status_code == 200
