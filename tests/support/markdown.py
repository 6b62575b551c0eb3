"""The project's Markdown, as tests look at it: which pages, which blocks of code, which links."""

import re
from dataclasses import dataclass
from pathlib import Path

from markdown_it import MarkdownIt

from support.sources import ROOT

PAGES = sorted(
    [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "examples").rglob("*.md")]
)


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block of code; `line` counts from 1."""

    page: Path
    line: int
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def blocks(page: Path, *languages: str) -> list[Block]:
    """List the blocks of a page in these languages."""
    found = []
    for token in MarkdownIt("commonmark").enable("table").parse(page.read_text()):
        language = token.info.split(" ")[0]
        if token.type == "fence" and language in languages and token.map:
            found.append(Block(page, token.map[0] + 1, language, token.content))
    return found


def links(page: Path) -> list[str]:
    """List where the page's links lead, as written."""
    tokens = MarkdownIt("commonmark").enable("table").parse(page.read_text())
    children = [child for token in tokens for child in token.children or ()]
    return [str(child.attrs["href"]) for child in children if child.type == "link_open"]


def words(page: Path) -> str:
    """Give the page without its comments."""
    return re.sub(r"<!--.*?-->", "", page.read_text(), flags=re.DOTALL)
