import pytest

from adapters.media.bench import Bench, Phone
from adapters.media.peer import tone
from opentact.adapters.media.facts import Facts
from opentact.voice.media import Latched, MediaFact
from opentact.voice.rtp.g711 import encode
from opentact.voice.sdp.offer_answer import Negotiated


def talks(bench: Bench, phone: Phone, seconds: float, ssrc: int = 7) -> None:
    audio = encode(tone(440, seconds), "PCMU")
    for at in range(0, len(audio), 160):
        phone.says(audio[at : at + 160], ssrc=ssrc)
        bench.run(0.02)


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


@pytest.mark.parametrize(
    ("ssrc", "quiet", "followed"), [(7, 4, True), (7, 1, False), (8, 4, False)]
)
def test_a_peer_that_moved_is_followed_by_its_stream_after_a_silence(
    bench: Bench, phone: Phone, ssrc: int, quiet: float, *, followed: bool
) -> None:
    moved = Phone(bench)
    moved.port = phone.port
    phone.connect()
    talks(bench, phone, 0.1)
    bench.run(quiet)
    moved.number = phone.number + 10
    phone.hears()
    talks(bench, moved, 0.2, ssrc=ssrc)
    assert (len(moved.hears()) > 5) is followed
    latched = [each for each in bench.events(phone.leg) if isinstance(each, Latched)]
    where = [phone.rtp.getsockname(), moved.rtp.getsockname()]
    assert [each.address for each in latched] == where[: 1 + followed]
    moved.close()


def test_the_doctor_is_told_of_an_address_behind_nat(bench: Bench, phone: Phone) -> None:
    phone.connect("recvonly", remote=("10.0.0.5", 4_000), rtcp=None)
    talks(bench, phone, 0.1)
    came = "{}:{}".format(*phone.rtp.getsockname())
    assert bench.stats(phone.leg).facts == (
        MediaFact("private_address", 0.0, "10.0.0.5"),
        MediaFact("first_rtp", 0.021, f"from {came}"),
        MediaFact("source_differs", 0.021, f"SDP said 10.0.0.5:4000, packets came from {came}"),
    )


def test_the_doctor_is_told_of_one_way_audio(bench: Bench, phone: Phone) -> None:
    phone.connect()
    bench.run(8)
    [fact] = bench.stats(phone.leg).facts
    said = "{}:{}".format(*phone.rtp.getsockname())
    assert fact.kind == "one_way"
    assert fact.detail.endswith(f"s from the start, though we sent; SDP said {said}")


def test_the_doctor_is_told_of_silence_of_other_codecs_and_of_an_end(
    bench: Bench, phone: Phone
) -> None:
    phone.connect()
    for number in range(900):
        phone.says(kind=9 if number == 3 else 8 if number == 5 else 0)
        bench.run(0.02)
    bench.run(13)
    facts = {each.kind: each for each in bench.stats(phone.leg).facts}
    assert set(facts) == {
        "first_rtp", "wrong_payload_type", "other_law", "silence", "no_rtp"
    }  # fmt: skip
    assert facts["wrong_payload_type"].detail == "payload type 9 came, agreed on: 0, 101"
    assert facts["wrong_payload_type"].at == pytest.approx(0.06, abs=0.01)


def test_who_speaks_is_not_called_silent(bench: Bench, phone: Phone) -> None:
    phone.connect()
    talks(bench, phone, 18)
    assert [each.kind for each in bench.stats(phone.leg).facts] == ["first_rtp"]


def test_the_score_falls_with_what_is_lost(bench: Bench, phone: Phone, other: Phone) -> None:
    for each, lost in ((phone, 0), (other, 1)):
        each.connect()
        for _ in range(100):
            each.says()
            each.number += lost
            bench.run(0.02)
    good, bad = bench.stats(phone.leg), bench.stats(other.leg)
    assert good.mos is not None
    assert bad.mos is not None
    assert good.mos > 4.2
    assert bad.mos < 2.2
    assert good.peer_mos is None
