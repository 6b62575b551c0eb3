"""Who calls from where: carriers first, then customers by place, network and prefix."""

from uuid import UUID

import pytest

from opentact.voice.sip.machine import Address
from opentact.voice.trunk_callers import MOST_REMEMBERED, Source, TrunkCallers
from opentact.voice.trunk_ways import TrunkCaller, TrunkKind

ACME, BETA = UUID(int=1), UUID(int=2)


def caller(name: str, account: UUID | None = ACME, prefix: int | None = None) -> TrunkCaller:
    kind = TrunkKind.CONNECTION if account else TrunkKind.CARRIER
    return TrunkCaller(kind, name, UUID(int=hash(name) % 2**64), account, tech_prefix=prefix)


CARRIER = Source(caller("carrier", None), (("203.0.113.5", 5060),), ("198.51.100.0/24",))
PBX = Source(caller("pbx", prefix=123456), (("192.0.2.7", 5060),), ("192.0.2.64/28",))


def name_at(index: TrunkCallers, host: str, port: int = 5060, called: str = "1201") -> str | None:
    found = index.of(Address(host, port), called)
    return found.name if found else None


@pytest.mark.parametrize(
    ("host", "port", "name"),
    [
        ("203.0.113.5", 5060, "carrier"),
        ("203.0.113.5", 49152, "carrier"),  # peers call from ports they do not listen on
        ("198.51.100.77", 1024, "carrier"),
        ("192.0.2.7", 5060, "pbx"),
        ("192.0.2.70", 5060, "pbx"),
        ("192.0.2.80", 5060, None),
        ("2001:db8::1", 5060, None),
    ],
)
def test_a_trunk_is_known_by_its_targets_and_networks(
    host: str, port: int, name: str | None
) -> None:
    assert name_at(TrunkCallers([PBX, CARRIER]), host, port) == name


def test_on_this_machine_only_the_port_tells_one_from_another() -> None:
    local = Source(caller("local pbx"), (("127.0.0.1", 5070),))
    index = TrunkCallers([local], last=["127.0.0.0/8"])
    assert name_at(index, "127.0.0.1", 5070) == "local pbx"
    assert name_at(index, "127.0.0.1", 5071) == "carriers"


def test_no_customer_can_claim_a_carriers_calls() -> None:
    thief = Source(caller("thief"), (("203.0.113.5", 5060),), ("198.51.100.7/32",))
    index = TrunkCallers([thief, CARRIER], first=["192.0.2.0/24"])
    assert name_at(index, "203.0.113.5") == "carrier"
    assert name_at(index, "198.51.100.7") == "carrier"
    assert name_at(TrunkCallers([PBX], first=["192.0.2.0/24"]), "192.0.2.7") == "carriers"


def test_what_holds_only_by_default_comes_after_everybody_named() -> None:
    assert name_at(TrunkCallers([PBX], last=["192.0.2.0/24"]), "192.0.2.7") == "pbx"


def test_behind_one_address_the_prefix_tells_who_calls() -> None:
    others = Source(caller("other", BETA, 654321), (), ("192.0.2.0/24",))
    index = TrunkCallers([Source(PBX.caller, (), ("192.0.2.0/24",)), others])
    assert name_at(index, "192.0.2.9", called="65432112015550100") == "other"
    assert name_at(index, "192.0.2.9", called="12345612015550100") == "pbx"
    assert name_at(index, "192.0.2.9", called="12015550100") is None


def test_two_connections_of_one_account_behind_one_address_are_the_account() -> None:
    second = Source(caller("second", ACME, 222222), (), ("192.0.2.0/24",))
    index = TrunkCallers([Source(PBX.caller, (), ("192.0.2.0/24",)), second])
    assert name_at(index, "192.0.2.9") == "pbx"
    assert name_at(index, "192.0.2.9", called="2222221201") == "second"


def test_a_flood_from_many_addresses_fills_no_memory() -> None:
    index = TrunkCallers([PBX])
    for number in range(3 * MOST_REMEMBERED):
        assert name_at(index, f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}") is None
    assert all(len(tier._known) <= MOST_REMEMBERED for tier in index._tiers)
    assert name_at(index, "192.0.2.70") == "pbx"


def test_a_zone_of_an_address_is_no_obstacle() -> None:
    link = Source(caller("link"), (), ("fe80::/10",))
    assert name_at(TrunkCallers([link]), "fe80::1%eth0") == "link"
