import pytest

from opentact.adapters.sip.locator import Locator
from opentact.voice.sip.machine import Address
from support.nameserver import nameserver

ZONE = """
@ 60 IN NAPTR 10 10 "s" "SIP+D2T" "" _sip._tcp
@ 60 IN NAPTR 20 10 "s" "SIP+D2U" "" _sip._udp
_sip._tcp 60 IN SRV 10 1 5060 a
_sip._udp 60 IN SRV 10 1 5060 a
_sip._udp 60 IN SRV 20 1 5070 b
a 60 IN A 127.0.0.2
b 60 IN A 127.0.0.3
b 60 IN AAAA ::1
"""
ALL = ("udp", "tcp", "tls")


async def test_a_domain_is_looked_up_once_and_remembered() -> None:
    async with nameserver(ZONE) as (server, place):
        locator = Locator(ALL, server=place)
        expected = [
            Address("127.0.0.2", 5060, "tcp"),
            Address("127.0.0.2", 5060, "udp"),
            Address("127.0.0.3", 5070, "udp"),
        ]
        assert await locator.locate("sip:example.com") == expected
        asked = list(server.asked)
        assert asked[:2] == ["NAPTR example.com", "SRV _sip._tcp.example.com"]
        assert await locator.locate("sip:example.com") == expected
        assert server.asked == asked


async def test_that_there_is_nothing_is_remembered_too() -> None:
    async with nameserver(ZONE) as (server, place):
        locator = Locator(ALL, server=place)
        assert await locator.locate("sip:no.example.com:5060") == []
        assert await locator.locate("sip:no.example.com:5060") == []
        assert server.asked == ["A no.example.com"]


async def test_an_address_that_failed_is_put_last() -> None:
    async with nameserver(ZONE) as (_, place):
        locator = Locator(("udp",), server=place)
        first, second = await locator.locate("sip:example.com")
        locator.avoid(first._replace(flow=7))
        assert await locator.locate("sip:example.com") == [second, first]


@pytest.mark.parametrize(("families", "hosts"), [((4,), ["127.0.0.3"]), ((6,), ["::1"])])
async def test_only_addresses_that_can_be_used_are_asked_for(
    families: tuple[int, ...], hosts: list[str]
) -> None:
    async with nameserver(ZONE) as (_, place):
        locator = Locator(ALL, families=families, server=place)
        found = await locator.locate("sip:b.example.com:5060")
        assert [each.host for each in found] == hosts


async def test_names_of_browsers_are_never_looked_up() -> None:
    async with nameserver(ZONE) as (server, place):
        assert await Locator(ALL, server=place).locate("sip:x7@df7jal23ls0d.invalid") == []
        assert server.asked == []
