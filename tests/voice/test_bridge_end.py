import pytest

from opentact.kit.ids import new_id
from opentact.voice.bridge_end import End
from opentact.voice.sdp.faults import NoCommonCodec
from opentact.voice.sip.info_digits import InfoDigit
from opentact.voice.testing import OFFER, PaperMediaLeg

WITHOUT_EVENTS = OFFER.replace(b" 101", b"")
BOTH = OFFER.replace(b"RTP/AVP 0 101", b"RTP/AVP 8 0 101")


def end(offer: bytes | None = OFFER) -> tuple[End, PaperMediaLeg]:
    leg = PaperMediaLeg(new_id(), play_s=None)
    made = End(leg)
    if offer is not None:
        made.connect(*made.answer(offer, None))
    return made, leg


def test_an_end_answers_in_the_codec_of_the_other_if_it_can() -> None:
    made, _ = end()
    assert made.answer(BOTH, "PCMU")[1].codec == "PCMU"
    assert made.answer(OFFER, "PCMA")[1].codec == "PCMU"
    with pytest.raises(NoCommonCodec):
        made.answer(OFFER.replace(b"RTP/AVP 0 101", b"RTP/AVP 9"), "PCMU")


async def test_a_key_goes_out_as_an_event_where_those_were_agreed_on() -> None:
    made, leg = end()
    assert made.press(InfoDigit("5"), sound=False)
    assert made.press(InfoDigit("#"), sound=True)
    assert [name for name, _ in leg.played] == ["digits 5", "digits #"]
    assert leg.playing == [1, 2], "each is told apart"


async def test_a_key_goes_out_as_its_sound_only_where_it_must() -> None:
    made, leg = end(WITHOUT_EVENTS)
    assert not made.press(InfoDigit("5"), sound=False)
    assert leg.played == []
    assert made.press(InfoDigit("5"), sound=True)
    assert leg.played == [("digits 5", 1)]


def test_nothing_goes_out_before_anything_is_agreed() -> None:
    made, _ = end(None)
    assert not made.press(InfoDigit("5"), sound=True)


async def test_nothing_goes_out_on_hold() -> None:
    made, leg = end(OFFER + b"a=sendonly\r\n")
    assert not made.press(InfoDigit("5"), sound=True)
    assert leg.played == []
