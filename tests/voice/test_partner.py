from opentact.voice import causes
from opentact.voice.rtp.tones import HOLD_MUSIC
from opentact.voice.sip.effects import InfoReceived
from opentact.voice.testing import OFFER, PaperMediaLeg
from support.dialling import connected
from support.virtual_time import settle, virtually

MUSIC = "tones " + " ".join(str(tone.hertz) for tone in HOLD_MUSIC)


@virtually
async def test_partners_hear_each_other_until_one_leaves() -> None:
    made, partner = connected()
    assert made.media.bridged is made.other
    made.callees[0].hangs_up()
    assert partner.gone.done()
    partner.leave(causes.CALLER_HUNG_UP)
    partner.leave(causes.CALLER_HUNG_UP)
    assert made.media.bridged is None
    await made.end()
    assert made.causes() == ["callee_hung_up"]
    assert made.ended == ["bob"]
    assert made.other.closed


@virtually
async def test_a_partner_who_is_left_is_hung_up() -> None:
    made, partner = connected()
    partner.leave(causes.CALLER_HUNG_UP)
    assert made.callees[0].sent == [("BYE",)]
    await made.end()
    assert made.causes() == ["caller_hung_up"]


@virtually
async def test_who_is_put_on_hold_hears_music() -> None:
    made, partner = connected()
    made.callees[0].reoffers(OFFER + b"a=sendonly\r\n")
    assert made.media.played == [(MUSIC, 0)]
    made.callees[0].reoffers(OFFER)
    assert made.media.playing == []
    made.leg.reoffers(OFFER + b"a=sendonly\r\n")
    await settle()
    assert made.other.played == [(MUSIC, 0)]
    partner.leave(causes.CALLER_HUNG_UP)
    await made.end()


@virtually
async def test_a_partner_can_be_ended_from_outside() -> None:
    made, partner = connected()
    partner.attempt.end(causes.API_HUNG_UP)
    assert partner.gone.done()
    partner.leave(causes.CALLEE_HUNG_UP)
    await made.end()
    assert made.causes() == ["api_hung_up"]
    assert made.callees[0].sent == [("BYE",)]


def keys(media: PaperMediaLeg) -> list[str]:
    return [name for name, _ in media.played if name.startswith("digits")]


@virtually
async def test_keys_by_info_are_told_and_go_on_to_the_partner_while_they_talk() -> None:
    made, partner = connected()
    made.leg.tell(InfoReceived("application/dtmf", b"5"))
    made.callees[0]._tell(InfoReceived("application/dtmf", b"6"))
    await settle()
    assert (keys(made.other), keys(made.media)) == (["digits 5"], ["digits 6"])
    assert (made.line.keys.take(), partner.line.keys.take()) == ("5", "6")
    partner.hold()
    made.leg.tell(InfoReceived("application/dtmf", b"7"))
    await settle()
    assert (keys(made.other), made.line.keys.take()) == (["digits 5"], "7")
    partner.resume()
    made.leg.tell(InfoReceived("application/dtmf", b"8"))
    await settle()
    assert keys(made.other) == ["digits 5", "digits 8"]
    partner.leave(causes.CALLER_HUNG_UP)
    await made.end()
