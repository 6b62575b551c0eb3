import ast
import json
import re
import tomllib
from dataclasses import fields
from pathlib import Path

import pytest

from opentact.app.cli import COMMANDS, command
from opentact.app.settings import PREFIX, Settings
from opentact.voice.callflow.document import read
from opentact.voice.callflow.verbs import ELEMENTS
from support.markdown import PAGES, Block, blocks, words
from support.sources import ROOT

# Kept by the settings' reader itself, outside its table, and by single commands.
OTHER_VARIABLES = {"CONFIG", "TOKEN", "URL"}
KNOWN = {each.name.upper() for each in fields(Settings)} | OTHER_VARIABLES
COMMAND = re.compile(
    r"(?:^ {4}|`|\.venv/bin/)opentact ([a-z]+)(?: ([a-z]+)(?=[\s`\\|]))?", re.MULTILINE
)
# Records of past choices are not rewritten when a setting or a command changes its name.
CURRENT = [page for page in PAGES if page.parent.name != "decisions"]


def of(*languages: str) -> list[Block]:
    return [block for page in CURRENT for block in blocks(page, *languages)]


def test_there_is_something_to_look_at() -> None:
    assert len(of("sh")) > 10
    assert len(of("json")) > 2
    assert len(of("xml")) > 0


@pytest.mark.parametrize("block", of("json"), ids=str)
def test_json_is_json(block: Block) -> None:
    json.loads(block.text)


@pytest.mark.parametrize("block", of("xml"), ids=str)
def test_call_flows_are_accepted(block: Block) -> None:
    assert read(block.text.strip().encode()).verbs


@pytest.mark.parametrize("block", of("python"), ids=str)
def test_python_can_be_compiled(block: Block) -> None:
    compile(block.text, str(block), "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)


@pytest.mark.parametrize("block", of("toml"), ids=str)
def test_settings_files_are_taken(block: Block) -> None:
    known = {each.name for each in fields(Settings)}
    values = tomllib.loads(block.text)
    assert values.keys() <= known
    Settings(**values).checked()


@pytest.mark.parametrize("page", CURRENT, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_setting_that_is_named_exists(page: Path) -> None:
    assert set(re.findall(rf"{PREFIX}([A-Z0-9_]+[A-Z0-9])", words(page))) <= KNOWN


@pytest.mark.parametrize("page", CURRENT, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_command_that_is_named_exists(page: Path) -> None:
    lost = []
    for name, sub in COMMAND.findall(words(page)):
        group = getattr(command(name), "commands", None) if name in COMMANDS else {}
        if group is not None and sub not in {*group, ""}:
            lost.append(f"opentact {name} {sub}")
        if name not in COMMANDS:
            lost.append(f"opentact {name}")
    assert lost == []


def test_the_readme_names_every_verb() -> None:
    row = re.search(
        r"^\| Call flows \|([^|]*)\|[^|]*\|([^|]*)\|$", words(ROOT / "README.md"), re.MULTILINE
    )
    assert row is not None
    named = set(re.findall(r"\b[A-Z]\w+", row[1]))
    verbs = {each.grammar.name for each in ELEMENTS}
    parts = {"Response", "DTMF", "Switch", "Case", "To", "Number", "Sip", "Header"}
    assert named == verbs - parts
