"""Files of rates: the good rows are kept, the bad ones told by line and column."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opentact.adapters.storage.database import Database
from opentact.billing.deck_book import DeckBook
from opentact.billing.deck_uploads import Upload, take_rates
from opentact.billing.rate_decks import RateDeckNotFound, decks, get_deck, rates_of
from opentact.billing.rate_sheets import COLUMNS, read_rates, seed_decks, write_rate
from support.world import NOON, Hands

GOOD = [
    "prefix,destination,per_minute,initial,increment,connect_fee,effective_on",
    "49,Germany,0.0125,60,60,,",
    "+4930,Berlin,0.01,1,1,0.005,2026-01-31",
]


def test_what_is_left_out_is_usual() -> None:
    rows = list(read_rates(["prefix,per_minute", "49,0.0125"]))
    [germany] = rows
    assert isinstance(germany, dict)
    assert (germany["initial"], germany["increment"], germany["connect_fee"]) == (60, 60, 0)


@pytest.mark.parametrize(
    ("row", "column"),
    [
        ("x,,0.01,,,,", "prefix"),
        (",,0.01,,,,", "prefix"),
        ("1234567890123456,,0.01,,,,", "prefix"),
        ("49,,,,,,", "per_minute"),
        ("49,,-1,,,,", "per_minute"),
        ("49,,NaN,,,,", "per_minute"),
        ("49,,1e99,,,,", "per_minute"),
        ("49,,0.000001,,,,", "per_minute"),
        ("49,,0.01,0,,,", "initial"),
        ("49,,0.01,,3601,,", "increment"),
        ("49,,0.01,,,x,", "connect_fee"),
        ("49,,0.01,,,,soon", "effective_on"),
        ("49,,0.01,,,,,more", ""),
    ],
)
def test_a_bad_cell_is_told_by_line_and_column(row: str, column: str) -> None:
    good, bad = list(read_rates([GOOD[0], GOOD[1], row]))
    assert isinstance(good, dict)
    assert isinstance(bad, list)
    assert [(each.line, each.column) for each in bad] == [(3, column)]


def test_a_header_without_prices_is_no_deck() -> None:
    [bad] = list(read_rates(["prefix,rate", "49,1"]))
    assert isinstance(bad, list)
    assert {each.column for each in bad} == {"rate", "per_minute"}


@given(st.lists(st.text(max_size=60), max_size=6))
def test_any_file_is_read_or_refused(lines: list[str]) -> None:
    for row in read_rates(lines):
        assert isinstance(row, dict | list)


async def load(database: Database, lines: list[str], deck: int = 7) -> Upload:
    done = Upload()
    async for _ in take_rates(database, deck, lines, Hands(), done):
        pass
    return done


async def test_good_rows_are_kept_and_read_back_as_they_were(database: Database) -> None:
    done = await load(database, [*GOOD, "oops,,1,,,,"])
    assert (done.kept, done.bad_rows, done.bad[0].line) == (2, 1, 4)
    async with database.read() as session:
        out = [write_rate(row) async for page in rates_of(session, 7) for row in page]
    assert [row["prefix"] for row in out] == ["49", "4930"]
    again = [",".join(COLUMNS), *(",".join(row.values()) for row in out)]
    assert not (await load(database, again)).bad
    async with database.read() as session:
        assert [(deck.id, rates) for deck, rates in await decks(session)] == [(7, 2)]


async def test_a_node_sees_what_was_changed_and_what_it_costs(database: Database) -> None:
    seconds = [0.0]
    book = DeckBook(database, lambda: seconds[0])
    assert len(await book.get(7)) == 0
    await load(database, GOOD)
    seconds[0] = 3.0
    await book.get(7)
    await book.close()
    found = (await book.get(7)).find("493012345", NOON.replace(year=2027))
    assert found is not None
    assert (found.prefix, found.rate.charge(61)) == ("4930", Decimal("0.01517"))


async def test_every_platform_begins_with_examples(database: Database) -> None:
    for _ in range(2):
        async with database.write() as session:
            await seed_decks(session, NOON)
    async with database.read() as session:
        assert all(rates > 200 for _, rates in await decks(session))
        with pytest.raises(RateDeckNotFound):
            await get_deck(session, 99)
