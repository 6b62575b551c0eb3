import pytest

from opentact.adapters.media.facts import Facts
from opentact.voice.media import MediaFact
from opentact.voice.sdp.offer_answer import Negotiated


@pytest.mark.parametrize(
    ("host", "private"),
    [
        ("10.0.0.5", True),
        ("172.31.255.255", True),
        ("192.168.1.1", True),
        ("100.64.0.1", True),
        ("fd00::1", True),
        ("172.32.0.1", False),
        ("127.0.0.1", False),
        ("198.51.100.7", False),
        ("2001:db8::1", False),
        ("0.0.0.0", False),
    ],
)
def test_addresses_that_only_their_own_network_can_reach(host: str, *, private: bool) -> None:
    facts = Facts()
    facts.described(Negotiated((host, 4_000), "PCMU", 0), 0.0)
    assert facts.all() == ((MediaFact("private_address", 0.0, host),) if private else ())


def test_the_first_of_a_kind_is_kept() -> None:
    facts = Facts()
    facts.note("stranger", 1.23456, "from one")
    facts.note("stranger", 2.0, "from another")
    facts.note("silence", 3.0)
    assert facts.all() == (MediaFact("stranger", 1.235, "from one"), MediaFact("silence", 3.0))


def test_a_peer_that_is_where_it_says_is_nothing_odd() -> None:
    facts = Facts()
    facts.latched(("192.0.2.1", 5), ("192.0.2.1", 5), 0.02)
    assert facts.all() == (MediaFact("first_rtp", 0.02, "from 192.0.2.1:5"),)
