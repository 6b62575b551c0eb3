"""The project's Markdown pages, as this server shows them: guide, operating and reference.

They travel in the wheel (`opentact/_docs`, see pyproject.toml); in a checkout they are read
where they are written.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from pathlib import Path, PurePosixPath

from markdown_it import MarkdownIt
from markdown_it.token import Token

SECTIONS = ("guide", "reference", "operating")
_FIRST = ("getting-started", "README")  # where a section begins; the others by title
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_GOLDEN = re.compile(r"[a-z_]{1,32}(\.[a-z]{1,32})?")
_PACKAGED = Path(__file__).parents[1] / "_docs"
_CHECKOUT = Path(__file__).parents[3] / "docs"


@lru_cache(maxsize=1)
def folder() -> Path:
    """Find where the pages are."""
    return _PACKAGED if _PACKAGED.is_dir() else _CHECKOUT


@lru_cache(maxsize=128)
def page(section: str, name: str) -> tuple[str, str] | None:
    """Give the title and the HTML of a page; None if there is none."""
    if section not in SECTIONS or not _NAME.fullmatch(name):
        return None
    file = folder() / section / f"{name}.md"
    if not file.is_file():
        return None
    text = file.read_text(encoding="utf-8")
    return title(text, name), rendered(text, f"{section}/{name}.md")


def event(name: str) -> bytes | None:
    """Give the example of an event, as JSON; None if there is none of that name."""
    file = folder() / "events" / f"{name}.json"
    return file.read_bytes() if _GOLDEN.fullmatch(name) and file.is_file() else None


@dataclass(frozen=True, slots=True)
class Entry:
    """A page as the list of all pages shows it; `about` is the first sentence of its text."""

    name: str
    title: str
    about: str


def pages(section: str) -> list[Entry]:
    """List the pages of a section: where to begin first, the others by title."""
    found = []
    for file in (folder() / section).glob("*.md"):
        text = file.read_text(encoding="utf-8")
        found.append(Entry(file.stem, title(text, file.stem), about(text)))
    return sorted(found, key=lambda entry: (entry.name not in _FIRST, entry.title.lower()))


def about(text: str) -> str:
    """Give the first sentence of a page, as plain words."""
    lead = re.match(
        r"#[^\n]*\n+(?:<!--.*?-->\s*)?(?P<words>[^#|<\s].*?)(?:\n\s*\n|\Z)", text, re.DOTALL
    )
    words = " ".join(lead["words"].split()) if lead else ""
    words = re.sub(r"\[([^\]]+)\]\([^)]*\)|[`*]", r"\1", words)
    return re.split(r"[.:]\s|\.$|;", words, maxsplit=1)[0]


def title(text: str, name: str) -> str:
    """Tell the title of a page: its first heading."""
    heading = re.search(r"^# +(.+?)\s*$", text, re.MULTILINE)
    return heading.group(1).replace("`", "") if heading else name


def rendered(text: str, path: str) -> str:
    """Render Markdown; headings get ids, links between pages lead to where they are shown.

    `path` is the page's own, below docs/. HTML in the text is kept: the pages are our own.
    """
    markdown = MarkdownIt("commonmark", {"html": True}).enable("table")
    tokens = markdown.parse(text)
    taken: set[str] = set()
    for opening, inline in pairwise(tokens):
        if opening.type == "heading_open":
            opening.attrSet("id", _unused(_slug(inline), taken))
    for token in tokens:
        for child in token.children or ():
            if child.type == "link_open":
                child.attrSet("href", shown_at(str(child.attrs.get("href", "")), path))
    html: str = markdown.renderer.render(tokens, markdown.options, {})
    return html


def shown_at(href: str, path: str) -> str:
    """Tell where a link to another page, or to an event's example, leads on this server."""
    target, hash_, anchor = href.partition("#")
    if not target.endswith((".md", ".json")) or "://" in target:
        return href
    parts: list[str] = []
    for part in (PurePosixPath(path).parent / target).parts:
        parts = parts[:-1] if part == ".." else [*parts, part]
    there = "/".join(parts).removesuffix(".md")
    if not there.startswith(tuple(f"{section}/" for section in (*SECTIONS, "events"))):
        return href
    return f"/docs/{there}{hash_}{anchor}"


def _slug(heading: Token) -> str:
    """Make the anchor that code hosts make of a heading."""
    words = "".join(child.content for child in heading.children or ())
    return re.sub(r"[^\w\- ]", "", words.strip().lower()).replace(" ", "-")


def _unused(slug: str, taken: set[str]) -> str:
    name, count = slug, 0
    while name in taken:
        count += 1
        name = f"{slug}-{count}"
    taken.add(name)
    return name
