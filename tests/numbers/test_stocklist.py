"""Files of an operator's own numbers; tests/app/test_cli_numbers.py imports and exports them."""

import csv
import io
from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from opentact.adapters.storage.database import Database
from opentact.numbers.inventory import Tn
from opentact.numbers.stocklist import (
    COLUMNS,
    BadCell,
    Known,
    Tally,
    export_rows,
    keep_rows,
    read_rows,
)
from support.world import NOON

KNOWN = Known(frozenset({"own", "dev"}), frozenset({"US", "CA", "TF"}))
CELLS = st.sampled_from(
    ["", "12025550100", "+1 (888) 555-0100", "4165550100", "911", "US", "ca", "XX", "DC", "own"]
) | st.text(max_size=6)
FILES = st.lists(st.lists(CELLS, max_size=len(COLUMNS) + 1), max_size=5)


def read(text: str | Iterable[str]) -> list[dict[str, Any] | list[BadCell]]:
    lines = text.splitlines(keepends=True) if isinstance(text, str) else text
    return list(read_rows(lines, KNOWN, now=NOON))


def only_row(text: str) -> dict[str, Any]:
    [row] = read(text)
    assert isinstance(row, dict), row
    return row


def written(rows: list[dict[str, str]]) -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS)
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


async def stored(database: Database) -> list[Any]:
    async with database.read() as session:
        return list(await session.execute(select(Tn.__table__).order_by(Tn.tn)))


@pytest.mark.parametrize(
    ("tn", "filled_in"),
    [
        ("12025550100", ("long_code", "US", "DC", "Washington", "WSHNGTNZN1", "own", "US")),
        ("4165550100", ("long_code", "CA", "ON", "Toronto", "TORONTO", "own", "CA")),
        ("8885550100", ("toll_free", "US", None, None, None, "own", "TF")),
    ],
)
def test_what_a_row_leaves_out_follows_from_its_area_code(
    tn: str, filled_in: tuple[str | None, ...]
) -> None:
    row = only_row(f"tn\n{tn}\n")
    assert tuple(row[name] for name in COLUMNS[1:-1]) == filled_in
    assert row["features"] == 3


def test_columns_come_in_any_order_and_case_and_cells_may_be_missing() -> None:
    row = only_row("Features , CITY,tn\n sms ,Anacostia,2025550100\n\n")
    assert (row["tn"], row["city"], row["features"]) == (12025550100, "Anacostia", 2)
    assert only_row("tn,city\n2025550100\n")["city"] == "Washington"


def test_every_mistake_of_a_row_is_told_at_once() -> None:
    [bad] = read(
        "tn,type,country,state,rate_center,provider,profile,features\n"
        "12025550100,toll_free,MX,Columbia,AVERYLONGRATECENTER,nobody,MARS,voice telex\n"
    )
    assert isinstance(bad, list)
    assert {one.line for one in bad} == {2}
    assert [one.column for one in bad] == list(COLUMNS[1:4] + COLUMNS[5:])


@given(FILES, st.lists(st.sampled_from([*COLUMNS, "TN", "colour"]), max_size=10))
def test_any_file_is_rows_or_complaints_line_by_line(
    rows: list[list[str]], header: list[str]
) -> None:
    out = io.StringIO()
    csv.writer(out).writerows([header, *rows])
    answers = read(io.StringIO(out.getvalue(), newline=""))
    assert len(answers) <= max(1, len(rows))
    for answer in answers:
        if isinstance(answer, dict):
            assert answer["type"] in {"long_code", "toll_free"}
            assert answer["profile"] in KNOWN.profiles
            assert len(answer["country"]) == 2
        else:
            assert all(one.reason for one in answer)


async def test_a_file_that_is_read_twice_changes_nothing_and_a_repeated_row_counts_last(
    database: Database,
) -> None:
    rows: list[Any] = read("tn,city\n2025550100,First\n2025550101,\n2025550100,Last\n")
    tally = Tally()
    async with database.write() as session:
        await keep_rows(session, rows, tally, now=NOON)
        assert tally == Tally(added=2, unchanged=1)
        await keep_rows(session, rows, tally, now=NOON)
        assert tally == Tally(added=2, unchanged=4)
    assert [row.city for row in await stored(database)] == ["Last", "Washington"]


async def test_what_is_exported_reads_as_it_was_page_by_page(database: Database) -> None:
    rows: list[Any] = read(
        'tn,city,features\n2025550100,"Washing, ton",voice\n8885550100,,fax\n4165550100,,\n'
    )
    async with database.write() as session:
        await keep_rows(session, rows, Tally(), now=NOON)
        pages, after = [], 0
        while page := await export_rows(session, after, 2):
            pages.append(page)
            after = int(page[-1]["tn"])
    assert [len(page) for page in pages] == [2, 1]
    again = read(written([row for page in pages for row in page]))
    assert again == sorted(rows, key=lambda row: int(row["tn"]))
