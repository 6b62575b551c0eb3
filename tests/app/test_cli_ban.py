import json
from pathlib import Path

from support.command import command as run


def test_bans_are_added_listed_and_lifted(tmp_path: Path) -> None:
    assert run(tmp_path, "db", "upgrade").returncode == 0
    assert "nobody is banned" in run(tmp_path, "ban", "list").stdout
    words = ["--seconds", "60", "--reason", "rude", "--json"]
    added = run(tmp_path, "ban", "add", "192.0.2.7", *words)
    assert added.returncode == 0, added.stderr
    ban = json.loads(added.stdout)
    assert (ban["source"], ban["reason"], ban["by"]) == ("192.0.2.7", "rude", "operator")
    assert json.loads(run(tmp_path, "ban", "list", "--json").stdout) == [ban]
    assert "rude" in run(tmp_path, "ban", "list").stdout

    assert run(tmp_path, "ban", "lift", "192.0.2.7").stdout == "192.0.2.7 is heard again.\n"
    again = run(tmp_path, "ban", "lift", "192.0.2.7")
    assert (again.returncode, again.stderr) == (1, "opentact: 192.0.2.7 is not banned\n")
    [kept] = json.loads(run(tmp_path, "ban", "list", "--ended", "--json").stdout)
    assert kept["lifted_by"] == "operator"


def test_what_is_no_source_is_one_sentence(tmp_path: Path) -> None:
    refused = run(tmp_path, "ban", "add", "0.0.0.0/0")
    assert (refused.returncode, refused.stderr) == (
        1,
        "opentact: '0.0.0.0/0' cannot be banned: wider than a /8\n",
    )
