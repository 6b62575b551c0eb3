import pytest

from opentact.voice.reach import AddressRefused, SipReach
from opentact.voice.sip.machine import Address

PRIVATE, PUBLIC = Address("10.0.0.9", 5060), Address("203.0.113.9", 5061, "tls")
NAMES = {"both": [PRIVATE, PUBLIC], "inside": [PRIVATE], "nowhere": []}


async def located(uri: str) -> list[Address]:
    return NAMES.get(uri.partition("@")[2], [PRIVATE])


def public(host: str) -> bool:
    return not host.startswith("10.")


REACH = SipReach(located, public)


async def test_a_name_is_called_where_it_may_be() -> None:
    assert await REACH("sip:carol@both") == PUBLIC


@pytest.mark.parametrize(
    ("uri", "why"),
    [
        ("sip:carol@inside", r"inside \(10.0.0.9\) is no public address, and the setting sip_net"),
        ("sip:carol@10.0.0.9", "^10.0.0.9 is no public address"),
        ("sip:carol@nowhere", "nowhere has no address that is known"),
    ],
)
async def test_what_leads_inside_or_nowhere_is_refused_and_says_so(uri: str, why: str) -> None:
    with pytest.raises(AddressRefused, match=why):
        await REACH(uri)
