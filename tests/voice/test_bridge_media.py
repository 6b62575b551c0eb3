import pytest

from opentact.kit.ids import new_id
from opentact.voice.bridge_media import Bypass, Proxy, other
from opentact.voice.sdp.faults import NoCommonCodec, SdpRefused
from opentact.voice.testing import OFFER, PaperMediaLeg

ALAW = OFFER.replace(b"RTP/AVP 0 101", b"RTP/AVP 8 101")
BOTH = OFFER.replace(b"RTP/AVP 0 101", b"RTP/AVP 8 0 101")
VIDEO = OFFER + b"m=video 5000 RTP/AVP 99\r\n"


def proxy(offer: bytes | None = OFFER) -> tuple[Proxy, PaperMediaLeg, PaperMediaLeg]:
    caller, callee = PaperMediaLeg(new_id()), PaperMediaLeg(new_id(), port=30_000)
    return Proxy(caller, callee, offer), caller, callee


def test_passing_by_leaves_every_description_as_it_is() -> None:
    media = Bypass(VIDEO)
    assert media.offer() == VIDEO
    assert media.answered(None) is None
    assert media.answered(ALAW) == ALAW
    assert media.answered(None) == ALAW
    assert media.reoffer("caller", None) is None
    assert media.reanswered("caller", BOTH) == BOTH
    assert media.reanswered("caller", None) == BOTH
    media.close()


def test_sides_are_two() -> None:
    assert (other("caller"), other("callee")) == ("callee", "caller")


async def test_each_end_is_told_of_our_ports_and_both_are_joined() -> None:
    media, caller, callee = proxy()
    assert b"m=audio 30000 RTP/AVP 0 8 101" in media.offer()
    answer = media.answered(OFFER)
    assert answer is not None
    assert b"m=audio 20000 RTP/AVP 0 101" in answer
    assert caller.bridged is callee
    assert caller.connected is not None
    assert callee.connected is not None
    assert callee.connected.remote == ("192.0.2.9", 4000)


async def test_the_caller_gets_the_callees_codec_if_it_can() -> None:
    media, caller, callee = proxy(BOTH)
    assert b"RTP/AVP 8 0 101" in media.offer()
    media.answered(OFFER)
    assert caller.connected is not None
    assert callee.connected is not None
    assert (caller.connected.codec, callee.connected.codec) == ("PCMU", "PCMU")
    transcoded, one, two = proxy(ALAW)
    transcoded.offer()
    transcoded.answered(OFFER)
    assert one.connected is not None
    assert two.connected is not None
    assert (one.connected.codec, two.connected.codec) == ("PCMA", "PCMU")


async def test_early_media_and_the_answer_are_one_description_to_the_caller() -> None:
    media, _, callee = proxy()
    media.offer()
    early = media.answered(OFFER)
    assert media.answered(OFFER.replace(b"4000", b"4002")) == early
    assert callee.connected is not None
    assert callee.connected.remote == ("192.0.2.9", 4002)


async def test_video_is_refused_in_its_place() -> None:
    media, _, _ = proxy(VIDEO)
    assert b"video" not in media.offer()
    answer = media.answered(OFFER)
    assert answer is not None
    assert b"m=video 0 " in answer


def test_an_offer_without_a_codec_of_ours_is_refused_at_once() -> None:
    with pytest.raises(NoCommonCodec):
        proxy(OFFER.replace(b"RTP/AVP 0 101", b"RTP/AVP 9"))


async def test_a_refused_hold_leaves_all_as_it_was() -> None:
    media, caller, _ = proxy()
    media.offer()
    media.answered(OFFER)
    before = caller.connected
    proposal = media.reoffer("caller", OFFER + b"a=inactive\r\n")
    assert proposal is not None
    assert b"a=inactive" in proposal
    media.withdrawn("caller")
    assert caller.connected is before
    with pytest.raises(SdpRefused):
        media.reoffer("callee", b"garbage")


async def test_who_asks_for_an_offer_gets_what_it_has() -> None:
    media, caller, _ = proxy()
    media.offer()
    answer = media.answered(OFFER)
    assert media.known("caller") == answer
    media.reacked("caller", OFFER.replace(b"4000", b"4004"))
    assert caller.connected is not None
    assert caller.connected.remote == ("192.0.2.9", 4004)


async def test_a_media_leg_that_fails_to_close_costs_only_its_figures() -> None:
    media, caller, callee = proxy()
    heard: list[object] = []
    media.listen(lambda side, event: heard.append((side, event)))
    caller.close_fault = RuntimeError("a bug")
    stats = await media.close()
    assert [one.packets_sent for one in stats] == [0, 50]
    assert callee.closed
