import json
import re

import pytest

from opentact.api.documents import (
    SECTIONS,
    about,
    event,
    page,
    pages,
    rendered,
    shown_at,
    title,
)


@pytest.mark.parametrize(
    ("href", "shown"),
    [
        ("../reference/verbs.md#say", "/docs/reference/verbs#say"),
        ("events.md", "/docs/guide/events"),
        ("../events/auth.json", "/docs/events/auth.json"),
        ("../operating/README.md#backup", "/docs/operating/README#backup"),
        ("#here", "#here"),
        ("https://example.com/a.md", "https://example.com/a.md"),
        ("../decisions/0001-x.md", "../decisions/0001-x.md"),
        ("../../../../etc/x.md", "../../../../etc/x.md"),
    ],
)
def test_links_between_pages_lead_to_where_they_are_shown(href: str, shown: str) -> None:
    assert shown_at(href, "guide/calls.md") == shown


def test_headings_get_anchors_that_are_unique() -> None:
    page = rendered("# A `b_c`, d!\n\n## Same\n\n## Same\n\n[x](calls.md)", "guide/x.md")
    assert re.findall(r'id="([^"]*)"', page) == ["a-b_c-d", "same", "same-1"]
    assert '<a href="/docs/guide/calls">' in page


def test_a_page_is_found_by_section_and_name_alone() -> None:
    found = page("guide", "events")
    assert found is not None
    assert found[0] == "Events"
    for section, name in (("decisions", "x"), ("guide", "../reference/errors"), ("guide", "none")):
        assert page(section, name) is None


def test_pages_are_listed_with_their_titles() -> None:
    listed = pages("guide")
    assert listed[0].name == "getting-started"
    titles = [entry.title for entry in listed[1:]]
    assert titles == sorted(titles, key=str.lower)
    assert all(entry.about for section in SECTIONS for entry in pages(section))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "# Money\n\nEvery `balance` has\na [line](x.md). More.\n\nAnd more.",
            "Every balance has a line",
        ),
        ("# Verbs\n\n<!-- Written by x. -->\n\nA flow is XML: so it is.", "A flow is XML"),
        ("# Short\n\nOne sentence.", "One sentence"),
        ("# Begins with a heading\n\n## Find\n\nText.", ""),
        ("# Begins with a table\n\n| a |\n", ""),
        ("no heading", ""),
    ],
)
def test_a_page_is_described_by_its_first_sentence(text: str, words: str) -> None:
    assert about(text) == words


def test_the_example_of_an_event_is_found_by_its_name_alone() -> None:
    found = event("call_state.live")
    assert found is not None
    assert json.loads(found)["payload"]["state"] == "live"
    for name in ("none", "../guide/events", "call_state.live.json", ""):
        assert event(name) is None


def test_a_page_without_heading_is_called_by_its_name() -> None:
    assert title("no heading", "calls") == "calls"
    assert title("# The `Say` verb\n", "say") == "The Say verb"
