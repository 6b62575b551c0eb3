from datetime import UTC, datetime, timedelta

import pytest

from opentact.kit.ids import new_id
from opentact.voice.timeline.links import BadCallLink, CallLinks

NOON = datetime(2024, 1, 16, 12, tzinfo=UTC)
LINKS = CallLinks(b"secret", "https://api.example.com", timedelta(days=1))


def taken_apart(link: str) -> tuple[int, str]:
    _, _, query = link.partition("?")
    expires, signature = (part.partition("=")[2] for part in query.split("&"))
    return int(expires), signature


def test_a_link_leads_to_the_page_of_its_call() -> None:
    call = new_id()
    link = LINKS.link(call, NOON)
    assert link.startswith(f"https://api.example.com/calls/{call}?expires=")
    LINKS.check(call, *taken_apart(link), NOON + timedelta(hours=23))


def test_a_link_ends() -> None:
    call = new_id()
    with pytest.raises(BadCallLink):
        LINKS.check(call, *taken_apart(LINKS.link(call, NOON)), NOON + timedelta(hours=25))


def test_a_link_opens_no_other_call_and_cannot_be_made_longer() -> None:
    call = new_id()
    expires, signature = taken_apart(LINKS.link(call, NOON))
    with pytest.raises(BadCallLink):
        LINKS.check(new_id(), expires, signature, NOON)
    with pytest.raises(BadCallLink):
        LINKS.check(call, expires + 1, signature, NOON)
    with pytest.raises(BadCallLink):
        LINKS.check(call, expires, "é", NOON)
