import re
from pathlib import Path

import pytest

from opentact.api import documents
from support.markdown import PAGES, links
from support.sources import ROOT

GOLDEN = sorted((ROOT / "docs" / "events").glob("*.json"))


def anchors(page: Path) -> set[str]:
    shown = documents.rendered(page.read_text(), page.name)
    return set(re.findall(r'id="([^"]+)"', shown))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_to_a_file_and_a_heading_of_it(page: Path) -> None:
    lost = []
    for link in links(page):
        if "://" in link or link.startswith("mailto:"):
            continue
        name, _, anchor = link.partition("#")
        target = (page.parent / name).resolve() if name else page
        inside = target.is_relative_to(ROOT) and target.exists()
        if not inside or (anchor and anchor not in anchors(target)):
            lost.append(link)
    assert lost == []


@pytest.mark.parametrize("golden", GOLDEN, ids=lambda golden: golden.stem)
def test_every_event_is_shown_in_the_guide(golden: Path) -> None:
    assert f"../events/{golden.name}" in links(ROOT / "docs" / "guide" / "events.md")


def test_the_guide_begins_where_one_starts_and_leads_everywhere() -> None:
    start = links(ROOT / "docs" / "guide" / "getting-started.md")
    pages = {page.name for page in (ROOT / "docs" / "guide").glob("*.md")}
    assert pages - {link.partition("#")[0] for link in start} <= {"getting-started.md"} | {
        link for page in PAGES if page.parent.name == "guide" for link in links(page)
    }
