import time
from random import Random
from uuid import UUID

import pytest

from opentact.app.guarding import kinship
from opentact.voice.sip.machine import Address
from opentact.voice.trunk_rows import Rows
from opentact.voice.trunk_ways import Trunk, TrunkCaller, TrunkKind, TrunkTarget
from opentact.voice.trunks import Trunks
from voice.trunk_paper import NoStorage, RowsOnPaper


def trunk(number: int, *hosts: str, kind: TrunkKind = TrunkKind.CONNECTION) -> Trunk:
    uuid, name = UUID(int=number), f"trunk {number}"
    return Trunk(
        kind,
        uuid,
        name,
        tuple(TrunkTarget(host, 5060) for host in hosts),
        caller=TrunkCaller(kind, name, uuid),
    )


@pytest.fixture
def trunks() -> Trunks:
    made = RowsOnPaper(NoStorage(), time.monotonic, Random(1).randrange)
    far = trunk(2, "192.0.2.20", "192.0.2.21", kind=TrunkKind.CARRIER)
    made.take(Rows((trunk(1, "192.0.2.10", "192.0.2.11"), far)))
    return made


@pytest.mark.parametrize(
    ("one", "other", "is_one"),
    [
        ("192.0.2.10", "192.0.2.11", True),  # two servers of a PBX
        ("192.0.2.20", "192.0.2.21", True),  # and of a carrier
        ("192.0.2.10", "192.0.2.20", False),
        ("192.0.2.10", "198.51.100.9", False),
        ("198.51.100.8", "198.51.100.9", False),  # strangers are nobody's kin
    ],
)
def test_the_servers_of_a_trunk_speak_in_each_others_calls(
    trunks: Trunks, one: str, other: str, *, is_one: bool
) -> None:
    are_one = kinship(trunks)
    assert are_one(Address(one, 40000), Address(other, 40001)) is is_one
    assert are_one(Address(other, 40000), Address(one, 40001)) is is_one
