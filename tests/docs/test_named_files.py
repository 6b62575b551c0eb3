import re
from pathlib import Path

import pytest

from support.markdown import PAGES, words
from support.sources import ROOT

EXAMPLES = {file.name for file in (ROOT / "examples").iterdir() if file.is_file()}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_example_that_is_named_exists(page: Path) -> None:
    assert set(re.findall(r"\bexamples/(\w+\.\w+)", words(page))) <= EXAMPLES


def test_every_example_says_what_it_is_for() -> None:
    for file in (ROOT / "examples").glob("*.*"):
        assert re.match(r'"""\w|<\?xml .*\?>\n<!-- \w', file.read_text()), file.name
