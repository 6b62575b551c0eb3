"""Which addresses the guard lets through."""

from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opentact.adapters.http.addresses import Guard
from opentact.adapters.http.faults import FetchRefused

PUBLIC_ONLY = Guard(allow_networks=())


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0",
        "10.0.0.1",
        "100.64.0.1",
        "100.100.100.200",
        "127.0.0.1",
        "168.63.129.16",
        "169.254.169.254",
        "172.16.0.1",
        "192.0.0.192",
        "192.88.99.1",
        "192.168.1.1",
        "198.18.0.1",
        "224.0.0.1",
        "239.1.1.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::127.0.0.1",
        "::ffff:127.0.0.1",
        "::ffff:169.254.169.254",
        "64:ff9b::10.0.0.1",
        "64:ff9b:1::8.8.8.8",
        "2001::1",
        "2001:db8::1",
        "2002:7f00:1::",
        "fc00::1",
        "fd00:ec2::254",
        "fe80::1",
        "fec0::1",
        "ff02::1",
    ],
)
def test_the_inside_is_refused(address: str) -> None:
    with pytest.raises(FetchRefused, match="not a public address"):
        PUBLIC_ONLY.check(ip_address(address), "x.test")


@pytest.mark.parametrize(
    "address",
    ["8.8.8.8", "172.32.0.1", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8"],
)
def test_the_internet_is_asked(address: str) -> None:
    PUBLIC_ONLY.check(ip_address(address), "x.test")


def test_what_the_operator_allows_is_asked_and_no_more() -> None:
    guard = Guard(allow_networks=["10.1.0.0/16"])

    guard.check(ip_address("10.1.2.3"), "x.test")
    guard.check(ip_address("::ffff:10.1.2.3"), "x.test")
    with pytest.raises(FetchRefused):
        guard.check(ip_address("10.2.2.3"), "x.test")
    with pytest.raises(FetchRefused):
        guard.check(ip_address("127.0.0.1"), "x.test")


@pytest.mark.parametrize(
    "host", ["example.com", "example.com.", "a-b.c_d.test", "xn--bcher-kva.de"]
)
def test_names_wait_for_their_address(host: str) -> None:
    PUBLIC_ONLY.check_host(host)


@pytest.mark.parametrize(
    "host",
    [
        "2130706433",
        "017700000001",
        "0x7f000001",
        "127.1",
        "127.0.1",
        "0177.0.0.1",
        "0x7f.0.0.0x1",
        "127.0.0.1.",
        "1.2.3.4.5",
        "foo.0x10",
        "fe80::1%eth0",
        "::ffff:7f00:1",
        "a..b",
        "-a.test",
        "a/b",
        "a b",
        "",
        "x" * 300,
    ],
)
def test_odd_spellings_are_refused_even_where_loopback_is_allowed(host: str) -> None:
    with pytest.raises(FetchRefused):
        Guard(allow_networks=["127.0.0.0/24"] if "::" not in host else ()).check_host(host)


@given(st.text(max_size=40))
def test_any_host_is_let_by_or_refused(host: str) -> None:
    try:
        PUBLIC_ONLY.check_host(host)
    except FetchRefused:
        return
    assert host.isascii()
