import asyncio
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from opentact.adapters.storage.database import Database
from opentact.app import cli_numbers
from support.numbers import FIRST, buy, stocked
from support.world import build_world

GOOD = """tn,city,features
+1 202-555-0100,,voice
12125550101,Brooklyn,voice sms
"""
BAD = """tn,state,profile,colour
12025550100,DC,US,red
"""
MIXED = """tn,state,profile,type
12025550100,DC,US,long_code
12025550101,Columbia,MARS,toll_free
911,DC,US,
12125550102,,,
"""


@pytest.fixture
def url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    url = f"sqlite+aiosqlite:///{tmp_path / 'opentact.db'}"
    monkeypatch.setenv("OPENTACT_DATABASE_URL", url)
    return url


async def prepared(url: str) -> None:
    database = Database(url)
    await database.upgrade()
    await database.close()


def run(*words: str) -> tuple[int, str]:
    result = CliRunner().invoke(cli_numbers.numbers_app, words)
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.stdout


def test_numbers_are_imported_once_and_exported_again(url: str, tmp_path: Path) -> None:
    asyncio.run(prepared(url))
    file, out = tmp_path / "in.csv", tmp_path / "out.csv"
    file.write_text(GOOD, encoding="utf-8")
    assert run("import", str(file)) == (0, "2 added, 0 changed, 0 unchanged, 0 bad\n")
    assert run("import", str(file), "--json")[0] == 0
    assert run("export", str(out)) == (0, "2 numbers exported\n")
    assert out.read_text(encoding="utf-8").splitlines() == [
        "tn,type,country,state,city,rate_center,provider,profile,features",
        "12025550100,long_code,US,DC,Washington,WSHNGTNZN1,own,US,voice",
        "12125550101,long_code,US,NY,Brooklyn,NWYRCYZN01,own,US,voice sms",
    ]
    code, said = run("import", str(out), "--json")
    assert (code, json.loads(said)["unchanged"]) == (0, 2)
    assert run("export")[1] == out.read_text(encoding="utf-8")
    file.write_text(GOOD.replace("Brooklyn", "Queens"), encoding="utf-8")
    assert run("import", str(file))[1] == "0 added, 1 changed, 1 unchanged, 0 bad\n"


def test_bad_rows_are_told_by_line_and_good_ones_kept(url: str, tmp_path: Path) -> None:
    asyncio.run(prepared(url))
    file = tmp_path / "in.csv"
    file.write_text(MIXED, encoding="utf-8")
    code, said = run("import", str(file), "--json")
    told = json.loads(said)
    assert (code, told["added"], told["bad"]) == (1, 2, 2)
    assert [(one["line"], one["column"]) for one in told["errors"]] == [
        (3, "type"),
        (3, "state"),
        (3, "profile"),
        (4, "tn"),
    ]
    assert told["errors"][2]["reason"] == "unknown; there are CA, TF, US"


@pytest.mark.parametrize(
    ("content", "line", "column"),
    [
        (BAD, 1, "colour"),
        ("state\nDC\n", 1, "tn"),
        ("", 1, "tn"),
        ('tn\n"12025550100', 2, ""),
        ("tn\n12025550100,DC\n", 2, ""),
        (f"tn,city\n12025550100,{'x' * 300}\n", 2, "city"),
    ],
)
def test_a_file_that_is_none_is_refused_where_it_breaks(
    url: str, tmp_path: Path, content: str, line: int, column: str
) -> None:
    asyncio.run(prepared(url))
    file = tmp_path / "in.csv"
    file.write_text(content, encoding="utf-8")
    code, said = run("import", str(file), "--json")
    [error] = json.loads(said)["errors"]
    assert (code, error["line"], error["column"]) == (1, line, column)


def test_leases_are_renewed_by_the_date_after_a_dry_run(url: str) -> None:
    asyncio.run(prepared(url))

    async def bought(number: int, *, autorenew: bool) -> None:
        async with build_world(url) as world:
            await stocked(world, 2)
            await buy(world.alice, number, autorenew=autorenew)

    asyncio.run(bought(FIRST, autorenew=True))
    code, said = run("renew", "--date", "2024-02-16", "--dry-run")
    assert code == 0
    assert f"+{FIRST}" in said
    assert "1 leases (dry run: nothing was done)" in said
    [plan] = json.loads(run("renew", "--date", "2024-02-16", "--json")[1])
    assert (plan["what"], plan["price"]) == ("renew", 1.2)
    assert json.loads(run("renew", "--date", "2024-02-16", "--json")[1]) == []
    assert json.loads(run("expire", "--date", "2024-03-16", "--json")[1]) == []
