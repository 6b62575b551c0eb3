import pytest

from opentact.voice.sip.identities import asserted, identity_lines, preferred, privacy
from voice.sip.samples import read_request, request


def test_what_is_claimed_is_read() -> None:
    claim = read_request(
        request(
            "INVITE",
            'P-Asserted-Identity: "Cullen" <sip:cullen@192.0.2.9>, <tel:+14085264000>',
            "P-Preferred-Identity: <sip:other@192.0.2.9>",
            "Privacy: id; User;critical;nonsense",
        )
    )
    assert [one.user for one in asserted(claim)] == ["cullen", "+14085264000"]
    assert asserted(claim)[0].display == "Cullen"
    assert [one.user for one in preferred(claim)] == ["other"]
    assert privacy(claim) == {"id", "user", "critical"}


def test_what_cannot_be_read_is_left_out() -> None:
    bad = read_request(
        request(
            "INVITE",
            "P-Asserted-Identity: <>>, <sip:ok@192.0.2.9>",
            'P-Preferred-Identity: "open <sip:x@y>',
        )
    )
    assert preferred(bad) == ()
    assert all(one.user == "ok" for one in asserted(bad))
    assert asserted(read_request(request())) == ()
    assert privacy(read_request(request())) == frozenset()


def test_a_long_list_of_claims_is_cut() -> None:
    many = ", ".join(f"<sip:u{n}@192.0.2.9>" for n in range(50))
    assert len(asserted(read_request(request("INVITE", f"P-Asserted-Identity: {many}")))) == 4


def test_they_are_written_as_the_rfcs_say() -> None:
    assert identity_lines("Bob <sip:bob@192.0.2.2>", ("id", "critical")) == [
        ("p-asserted-identity", '"Bob" <sip:bob@192.0.2.2>'),
        ("privacy", "id;critical"),
    ]
    assert identity_lines(None, ()) == []
    with pytest.raises(ValueError, match="not values of Privacy: secret"):
        identity_lines(None, ("secret",))
    with pytest.raises(ValueError, match="not an address"):
        identity_lines("<<", ())
