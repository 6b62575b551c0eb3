import pytest

from opentact.voice.guard.sources import Networks, place_of, read_place


@pytest.mark.parametrize(
    ("host", "place"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3::4", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
    ],
)
def test_an_address_is_one_of_ipv4_or_a_64_of_ipv6(host: str, place: str) -> None:
    assert place_of(host) == place


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (" 192.0.2.7 ", "192.0.2.7"),
        ("192.0.2.7/24", "192.0.2.0/24"),
        ("2001:db8::1", "2001:db8::/64"),
        ("2001:db8::/32", "2001:db8::/32"),
    ],
)
def test_places_are_read_as_people_write_them(text: str, place: str) -> None:
    assert read_place(text) == place


@pytest.mark.parametrize("text", ["", "example.com", "0.0.0.0/0", "10.0.0.0/7", "::/0", "1.2.3"])
def test_what_is_no_place_or_far_too_wide_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        read_place(text)


def test_networks_hold_their_hosts_and_no_others() -> None:
    networks = Networks(["192.0.2.0/24", "2001:db8::/32"])
    assert "192.0.2.200" in networks
    assert "::ffff:192.0.2.1" in networks
    assert "2001:db8:ffff::1" in networks
    assert "192.0.3.1" not in networks
    assert not Networks()
