"""The command line: every command is there, loads only what it uses, and answers in JSON too."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from opentact.app.cli import COMMANDS, command
from support.command import command as run

HEAVY = ("fastapi", "sqlalchemy", "numpy", "aiohttp", "opentact.api")


def commands_below(name: str) -> list[Any]:
    return leaves(command(name))


def leaves(found: Any) -> list[Any]:
    below = list(getattr(found, "commands", {}).values())
    return [leaf for each in below for leaf in leaves(each)] or [found]


@pytest.mark.parametrize("name", COMMANDS)
def test_the_table_says_of_a_command_what_it_says_itself(name: str) -> None:
    own = command(name).help or ""
    assert COMMANDS[name][1].rstrip(".") in " ".join(own.split())


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_speaks_json(name: str) -> None:
    silent = [
        each.name
        for each in commands_below(name)
        if not any("--json" in getattr(option, "opts", ()) for option in each.params)
    ]
    assert silent == ([name] if name == "demo" else [])


@pytest.mark.parametrize("words", [("--help",), ("version",), ("nonsense",), ("inspect", "--help")])
def test_help_and_mistakes_do_not_wait_for_the_server_they_do_not_start(
    words: tuple[str, ...],
) -> None:
    script = (
        "import sys\nfrom opentact.app.cli import app\n"
        f"sys.argv = ['opentact', *{words!r}]\n"
        "try:\n    app()\nexcept SystemExit:\n    pass\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stderr.splitlines()[-1] == "[]"


def test_a_wrong_setting_is_one_sentence_and_status_1(tmp_path: Path) -> None:
    done = run(tmp_path, "serve", http="here")
    assert done.returncode == 1
    assert done.stderr.startswith("opentact: Setting http (OPENTACT_HTTP) is 'here'; give ")
    assert len(done.stderr.splitlines()) == 1


def test_a_database_is_made_by_hand_and_then_used(tmp_path: Path) -> None:
    early = run(tmp_path, "credit", "--email", "a@example.com", "1")
    assert (early.returncode, "opentact db upgrade" in early.stderr) == (1, True)
    assert run(tmp_path, "db", "upgrade").stdout.startswith("The schema went from nothing to ")
    made = run(
        tmp_path, "account", "create", "--email", "a@example.com", "--password", "long enough"
    )
    assert made.returncode == 0, made.stderr
    assert run(tmp_path, "credit", "--email", "a@example.com", "1").stdout == (
        "a@example.com has 1 dollars now.\n"
    )
