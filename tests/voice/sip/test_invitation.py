import pytest

from opentact.voice.sip.invitation import Invitation, address_line
from opentact.voice.sip.machine import Address

URI = "sip:ann@192.0.2.9:5062"


def test_it_goes_to_its_destination_or_to_its_target() -> None:
    assert Invitation(URI, URI, URI, b"").find_destination() == Address("192.0.2.9", 5062)
    other = Address("192.0.2.7", 5060)
    assert Invitation("sip:x@example.com", URI, URI, b"", other).find_destination() is other


@pytest.mark.parametrize(
    ("target", "hops", "words"),
    [
        ("sip:x@example.com", 70, "name a destination"),
        ("nowhere", 70, "not a URI"),
        (URI, 0, "used up its hops"),
    ],
)
def test_what_leads_nowhere_is_refused(target: str, hops: int, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Invitation(target, URI, URI, b"", hops=hops).find_destination()


def test_headers_of_the_stack_are_not_overwritten() -> None:
    extra = (("via", "x"), ("x-mine", "y"), ("route", "<sip:192.0.2.1;lr>"), ("contact", "<sip:z>"))
    wanted = Invitation(URI, URI, URI, b"", extra=extra, identity=URI, privacy=("id",))
    assert wanted.lines() == [
        ("p-asserted-identity", f"<{URI}>"),
        ("privacy", "id"),
        ("x-mine", "y"),
    ]
    assert wanted.routes == [("route", "<sip:192.0.2.1;lr>")]


def test_a_tag_that_was_brought_along_is_dropped() -> None:
    assert address_line("Ann <sip:a@x>;tag=old;p=1", (("tag", "new"),)) == (
        '"Ann" <sip:a@x>;p=1;tag=new'
    )
