"""What every media engine must do with keys, sent and heard."""

from dataclasses import replace
from uuid import uuid4

from adapters.media.contract import EngineContract, event
from adapters.media.peer import HOST, Peer
from opentact.voice.media import DigitHeard, MediaEngine, MediaLeg, Played
from opentact.voice.sdp.offer_answer import Negotiated


class DigitsContract(EngineContract):
    async def test_hears_digits_once_each(self, leg: MediaLeg) -> None:
        async with Peer() as peer:
            leg.connect(peer.negotiated())
            for key in (1, 1, 11):
                peer.press(leg.port, key)
            heard = [await event(leg, DigitHeard) for _ in range(3)]
        assert [(each.digit, each.duration_ms) for each in heard] == [
            ("1", 100),
            ("1", 100),
            ("#", 100),
        ]
        assert 0 <= heard[0].at <= heard[2].at < 5

    async def test_a_digit_without_end_is_heard_all_the_same(self, leg: MediaLeg) -> None:
        async with Peer() as peer:
            leg.connect(peer.negotiated())
            peer.send_event(leg.port, 5, 160)
            peer.send_event(leg.port, 5, 320)
            heard = await event(leg, DigitHeard)
        assert (heard.digit, heard.duration_ms) == ("5", 40)

    async def test_sends_digits_between_plays(self, engine: MediaEngine, leg: MediaLeg) -> None:
        other = await engine.open(uuid4(), HOST)
        async with Peer() as peer:
            leg.connect(replace_remote(peer, other))
            other.connect(replace_remote(peer, leg))
            leg.send_digits(3, "1#d", tone_ms=60, gap_ms=60)
            assert await event(leg, Played) == Played(3, "end")
            heard = [await event(other, DigitHeard) for _ in range(3)]
        assert [(each.digit, each.duration_ms) for each in heard] == [
            ("1", 60),
            ("#", 60),
            ("D", 60),
        ]

    async def test_digits_that_are_none_fail(self, leg: MediaLeg) -> None:
        async with Peer() as peer:
            leg.connect(peer.negotiated())
            leg.send_digits(1, "12x")
            failed = await event(leg, Played)
            leg.connect(peer.negotiated(dtmf=None))
            leg.send_digits(2, "12x")
            unheard = await event(leg, Played)
        why = "no key: {!r}, expected one of 0123456789*#ABCD"
        assert failed == Played(1, "failed", why.format("X"))
        assert unheard == Played(2, "failed", why.format("x"))

    async def test_without_telephone_events_digits_are_tones_both_ways(
        self, engine: MediaEngine, leg: MediaLeg
    ) -> None:
        other = await engine.open(uuid4(), HOST)
        async with Peer() as peer:
            agreed = peer.negotiated(dtmf=None)
            leg.connect(replace(agreed, remote=(other.host, other.port)))
            other.connect(replace(agreed, remote=(leg.host, leg.port)))
            leg.send_digits(3, "19#D", tone_ms=80, gap_ms=80)
            assert await event(leg, Played) == Played(3, "end")
            heard = [await event(other, DigitHeard) for _ in range(4)]
        assert [each.digit for each in heard] == ["1", "9", "#", "D"]
        assert {each.kind for each in heard} == {"inband"}
        assert all(60 <= each.duration_ms <= 100 for each in heard)


def replace_remote(peer: Peer, other: MediaLeg) -> Negotiated:
    return replace(peer.negotiated(), remote=(other.host, other.port))
