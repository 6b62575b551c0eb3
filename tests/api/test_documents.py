import re

import pytest

from opentact.api.documents import page, pages, rendered, shown_at, title


@pytest.mark.parametrize(
    ("href", "shown"),
    [
        ("../reference/verbs.md#say", "/docs/reference/verbs#say"),
        ("events.md", "/docs/guide/events"),
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
    assert ("events", "Events") in pages("guide")
    assert [name for name, _ in pages("guide")] == sorted(name for name, _ in pages("guide"))


def test_a_page_without_heading_is_called_by_its_name() -> None:
    assert title("no heading", "calls") == "calls"
    assert title("# The `Say` verb\n", "say") == "The Say verb"
