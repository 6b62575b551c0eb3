import pytest

from opentact.voice.rtp.tones import HOLD_MUSIC
from opentact.voice.testing import PaperMediaLeg
from support.connected import Talk, talk
from support.phone import call_for
from support.virtual_time import passes, settle, virtually

MUSIC = "tones " + " ".join(str(tone.hertz) for tone in HOLD_MUSIC)


def heard(leg: PaperMediaLeg) -> list[str]:
    return [each.removeprefix("said ") for each, _ in leg.played]


@virtually
@pytest.mark.parametrize(
    ("leg", "caller", "callee"), [("aleg", 1, 0), ("bleg", 0, 1), ("both", 1, 1)]
)
async def test_what_is_posted_to_a_connected_call_is_heard_by_whom_it_is_for(
    leg: str, caller: int, callee: int
) -> None:
    call = await talk()
    call.post(f'<Say leg="{leg}">One minute left</Say>')
    await passes(2)
    said = "One minute left"
    assert (heard(call.caller).count(said), heard(call.callee).count(said)) == (caller, callee)
    assert call.caller.bridged is call.callee
    await call.ends()


@virtually
async def test_the_two_talk_on_after_a_posted_flow_and_the_call_ends_with_the_callee() -> None:
    call = await talk()
    call.post("<Say>Hello</Say>")
    await passes(5)
    assert call.phone.conversation.line.over is None
    call.bob.hangs_up()
    await settle()
    ended = await call.phone.ended()
    assert ended.cause == "callee_hung_up"


@virtually
async def test_without_another_leg_bleg_fails_and_says_why() -> None:
    phone = await call_for('<Say leg="bleg">Hello</Say><Gather leg="bleg"/>')
    await phone.ended()
    assert all("that Dial has connected" in reason for _, _, reason in phone.commands)


@virtually
async def test_keys_of_the_other_leg_are_gathered() -> None:
    call = await talk()
    call.callee.presses("9")
    await settle()
    call.post('<Gather leg="bleg" dtmf_length="2"><DTMF value="12"><Say>Yes</Say></DTMF></Gather>')
    await settle()
    call.callee.presses("12")
    call.caller.presses("34")
    await passes(2)
    assert heard(call.caller)[-1] == "Yes"
    await call.ends()


@virtually
async def test_a_hold_plays_music_to_both_and_tells_the_other_phone() -> None:
    call = await talk()
    call.post('<Hold timeout="60000"/>')
    await passes(1)
    assert call.caller.bridged is None
    assert heard(call.caller)[-1] == heard(call.callee)[-1] == MUSIC
    assert b"a=sendonly" in call.bob.sent[-1][1]
    call.post("<Unhold/>")
    await settle()
    assert call.caller.bridged is call.callee
    assert b"a=sendrecv" in call.bob.sent[-1][1]
    assert call.caller.playing == []
    await call.ends()


@virtually
async def test_a_caller_alone_is_held_until_the_timeout() -> None:
    phone = await call_for('<Hold timeout="9000"/><Say>Back</Say>')
    await passes(8.5)
    assert phone.media.played == [(MUSIC, 0)]
    assert (await phone.ended()).duration == 10
    assert phone.commands[0] == ("Hold[0]", True, "Call was on hold for 9000 ms")


@virtually
async def test_tones_sound_until_their_end_or_the_timeout() -> None:
    phone = await call_for('<Tone hz="440,480" don="300" loop="2"/><Tone loop="9" timeout="1500"/>')
    await phone.ended()
    assert phone.media.played[0] == ("tones (440.0, 480.0) ()", 2)
    assert [reason for _, _, reason in phone.commands] == [
        "Tone sounded",
        "Tone sounded for 1500 ms",
    ]


@virtually
async def test_a_flow_that_is_posted_while_it_rings_stops_the_ringing() -> None:
    call = Talk()
    await call.rings()
    call.post("<Say>Instead</Say>")
    await settle()
    assert call.bob.sent == [("CANCEL",)]
    await call.phone.ended()
    assert heard(call.caller)[-1] == "Instead"


@virtually
async def test_a_second_dial_takes_the_place_of_the_first_callee() -> None:
    call = await talk()
    call.post("<Dial>+12025550177</Dial>")
    await settle()
    assert call.bob.sent[-1] == ("BYE",)
    assert len(call.dialler.legs) == 2
    await call.ends()


@virtually
async def test_callers_from_a_state_hear_what_is_for_them() -> None:
    phone = await call_for(
        '<Geo states="DC"><Say>Here</Say></Geo><Geo states="NJ"><Say>There</Say></Geo>'
    )
    await phone.ended()
    assert heard(phone.media) == ["Here"]
