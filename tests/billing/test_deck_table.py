"""The longest prefix, also of a hundred thousand, and also tomorrow's rate."""

import time
from datetime import timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from opentact.billing.deck_table import DeckTable
from opentact.kit.entities import EPOCH
from support.world import NOON

PREFIXES = st.text("0123", min_size=1, max_size=6)


def row(prefix: str, per_minute: str = "0.01", **values: Any) -> SimpleNamespace:
    usual = {"initial": 60, "increment": 60, "connect_fee": Decimal(0), "effective_on": EPOCH}
    named = {"prefix": prefix, "destination": prefix, "per_minute": Decimal(per_minute)}
    return SimpleNamespace(**{**usual, **named, **values})


def deck(*rows: SimpleNamespace) -> DeckTable:
    table = DeckTable(1)
    table.add(rows)
    return table.seal()


@given(st.sets(PREFIXES, max_size=30), st.text("0123", max_size=8))
def test_the_longest_prefix_wins(prefixes: set[str], number: str) -> None:
    found = deck(*(row(each) for each in prefixes)).find(number, NOON)
    best = max((each for each in prefixes if number.startswith(each)), key=len, default=None)
    assert (found.prefix if found else None) == best


def test_a_rate_counts_from_its_date_on() -> None:
    old, new = row("49", "0.01"), row("49", "0.02", effective_on=NOON)
    table = deck(old, new)
    before = table.find("4930", NOON - timedelta(seconds=1))
    after = table.find("4930", NOON)
    assert before is not None
    assert after is not None
    assert (before.rate.per_minute, after.rate.per_minute) == (Decimal("0.01"), Decimal("0.02"))


def test_a_rate_of_tomorrow_leaves_the_shorter_prefix_for_today() -> None:
    found = deck(row("4"), row("49", effective_on=NOON + timedelta(days=1))).find("4930", NOON)
    assert found is not None
    assert found.prefix == "4"


def test_a_hundred_thousand_prefixes_are_looked_up_in_microseconds() -> None:
    table = deck(*(row(str(number)) for number in range(100_000, 200_000)))
    assert len(table) == 100_000
    begun = time.perf_counter()
    for number in range(10_000):
        assert table.find(f"1{number:05}5550123", NOON)
    assert (time.perf_counter() - begun) / 10_000 < 100e-6  # 2 us here; a slow machine is slower
