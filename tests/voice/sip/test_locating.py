from collections import Counter
from collections.abc import Mapping
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opentact.voice.sip.locating import (
    MAX_ADDRESSES,
    Found,
    Kind,
    Naptr,
    Query,
    Srv,
    locate,
    weighed,
)
from opentact.voice.sip.machine import Address

ALL = ("udp", "tcp", "tls")
Zone = Mapping[tuple[str, str], Found]


def search(
    uri: str, zone: Zone, speaks: tuple[str, ...] = ALL
) -> tuple[list[Address], list[Query]]:
    """Answer every question from the zone; give the addresses, and what was asked."""
    asked: list[Query] = []
    steps = locate(uri, speaks, draw=lambda most: most)
    try:
        query = next(steps)
        while True:
            asked.append(query)
            query = steps.send(zone.get((query.kind.value, query.name), ()))
    except StopIteration as end:
        return end.value, asked


def places(uri: str, zone: Zone, speaks: tuple[str, ...] = ALL) -> list[str]:
    return [f"{each.transport} {each}" for each in search(uri, zone, speaks)[0]]


def words(uri: str, zone: Zone) -> list[str]:
    return [f"{each.kind.value} {each.name}" for each in search(uri, zone)[1]]


ZONE: Zone = {
    ("NAPTR", "example.com"): [
        Naptr(50, 50, "s", "SIPS+D2T", "_sips._tcp.example.com"),
        Naptr(90, 50, "s", "SIP+D2T", "_sip._tcp.example.com"),
        Naptr(100, 50, "S", "sip+d2u", "_sip._udp.example.com"),
        Naptr(10, 10, "u", "E2U+sip", "nonsense"),
    ],
    ("SRV", "_sips._tcp.example.com"): [Srv(0, 1, 5061, "a.example.com")],
    ("SRV", "_sip._tcp.example.com"): [Srv(0, 1, 5060, "a.example.com")],
    ("SRV", "_sip._udp.example.com"): [
        Srv(20, 1, 5062, "b.example.com."),
        Srv(10, 1, 5060, "a.example.com"),
    ],
    ("HOST", "a.example.com"): ["192.0.2.1", "2001:db8::1"],
    ("HOST", "b.example.com"): ["192.0.2.2"],
    ("HOST", "example.com"): ["192.0.2.9"],
}


def test_a_zone_says_which_transport_it_likes_best() -> None:
    found, _ = search("sip:example.com", ZONE)
    assert found[0] == Address("192.0.2.1", 5061, "tls", name="example.com")
    assert [each.transport for each in found] == [*["tls"] * 2, *["tcp"] * 2, *["udp"] * 3]


def test_what_we_do_not_speak_is_passed_over() -> None:
    assert places("sip:example.com", ZONE, ("udp",)) == [
        "udp 192.0.2.1:5060",
        "udp [2001:db8::1]:5060",
        "udp 192.0.2.2:5062",
    ]


def test_sips_never_falls_back_to_less() -> None:
    assert {each.transport for each in search("sips:example.com", ZONE)[0]} == {"tls"}
    assert places("sips:example.com", ZONE, ("udp", "tcp")) == []


def test_a_port_leaves_only_the_host_to_be_looked_up() -> None:
    assert places("sip:example.com:5070", ZONE) == ["udp 192.0.2.9:5070"]
    assert words("sip:example.com:5070;transport=tcp", ZONE) == ["HOST example.com"]


def test_a_transport_leaves_its_srv_records() -> None:
    assert places("sip:example.com;transport=TCP", ZONE)[0] == "tcp 192.0.2.1:5060"
    assert words("sip:example.com;transport=TCP", ZONE)[0] == "SRV _sip._tcp.example.com"


def test_without_naptr_each_transport_is_asked_for() -> None:
    zone = {key: value for key, value in ZONE.items() if key[0] != "NAPTR"}
    assert places("sip:example.com", zone)[0] == "udp 192.0.2.1:5060"


def test_without_any_records_the_host_itself_is_taken() -> None:
    zone = {("HOST", "example.com"): ["192.0.2.9"]}
    assert places("sip:example.com", zone) == ["udp 192.0.2.9:5060"]
    assert places("sips:example.com", zone) == ["tls 192.0.2.9:5061"]


@pytest.mark.parametrize("uri", ["sip:192.0.2.7;transport=tcp", "sip:x.com;maddr=192.0.2.7"])
def test_an_address_needs_no_lookup(uri: str) -> None:
    found, asked = search(uri, ZONE)
    assert (found[0].host, asked) == ("192.0.2.7", [])


@pytest.mark.parametrize("uri", ["sip:example.com;transport=sctp", "sip:unknown.example.net"])
def test_nowhere_is_an_empty_list(uri: str) -> None:
    assert places(uri, ZONE) == []


def test_a_service_that_is_not_there_is_no_server() -> None:
    assert weighed([Srv(0, 0, 0, ".")], lambda most: most) == []


def test_heavier_servers_are_drawn_more_often() -> None:
    light, heavy, spare = Srv(1, 10, 1, "light"), Srv(1, 30, 1, "heavy"), Srv(2, 99, 1, "spare")
    dice = Random(7)
    orders = [
        weighed([spare, light, heavy], lambda most: dice.randint(0, most)) for _ in range(4000)
    ]
    assert all(order[2] is spare for order in orders)
    first = Counter(order[0].target for order in orders)
    assert 2.5 < first["heavy"] / first["light"] < 3.5


@given(
    st.lists(
        st.builds(
            Srv,
            priority=st.integers(0, 65535),
            weight=st.integers(0, 65535),
            port=st.integers(0, 65535),
            target=st.sampled_from(["a", "b.", "."]),
        ),
        max_size=40,
    ),
    st.randoms(),
)
def test_whatever_a_zone_says_the_order_holds(records: list[Srv], dice: Random) -> None:
    order = weighed(records, lambda most: dice.randint(0, most))
    assert [each.priority for each in order] == sorted(each.priority for each in order)
    assert len(order) <= 16


def test_a_zone_without_end_is_cut_off() -> None:
    zone: Zone = {
        ("SRV", "_sip._udp.big.com"): [Srv(n, 0, 1, f"h{n}") for n in range(1000)],
        **{("HOST", f"h{n}"): ["192.0.2.1", "192.0.2.2"] for n in range(1000)},
    }
    found, asked = search("sip:big.com;transport=udp", zone)
    assert len(found) == MAX_ADDRESSES
    assert len(asked) < 20
    assert {each.kind for each in asked} <= set(Kind)
