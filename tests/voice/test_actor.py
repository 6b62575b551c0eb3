import asyncio
from typing import Any

import pytest

from opentact.kit.ids import new_id
from opentact.voice.actor import Actor, Props
from opentact.voice.callflow.steps import At, Digits, DoCollect, DoFetch, DoPause, Ended, Fetched
from opentact.voice.line import Line
from opentact.voice.sounding import Sounding
from opentact.voice.speech import SpeechBusy
from opentact.voice.testing import PaperLeg, PaperMediaLeg
from opentact.voice.testing_engines import PaperFetcher, PaperShelf, PaperSpeech, told_by_url
from support.phone import Phone, app, call_for, flow
from support.virtual_time import passes, settle, virtually

MENU = (
    '<Gather dtmf_length="1" timeout="5000"><Say loop="3">Press a key</Say>'
    '<DTMF value="1"><Say>One</Say></DTMF><Default><Say>Nothing</Say></Default></Gather>'
)


async def said(phone: Phone) -> list[str]:
    await phone.ended()
    return [each.removeprefix("said ") for each, _ in phone.media.played]


@virtually
async def test_a_key_cuts_the_prompt_short_and_chooses() -> None:
    phone = await call_for(MENU)
    await passes(0.5)
    phone.media.presses("1")
    await settle()
    assert phone.media.played[-1] == ("said One", 1)
    assert await said(phone) == ["Press a key", "One"]
    assert phone.call.duration == round(0.5 + 1)


@virtually
async def test_a_key_pressed_ahead_spares_the_prompt() -> None:
    phone = await call_for("<Say>Welcome</Say>" + MENU)
    phone.media.presses("1")
    assert await said(phone) == ["Welcome", "One"]


@virtually
async def test_who_presses_nothing_is_waited_for_after_the_prompt() -> None:
    phone = await call_for(MENU)
    assert await said(phone) == ["Press a key", "Nothing"]
    assert phone.call.duration == 3 + 5 + 1


@virtually
async def test_keys_that_nobody_listens_to_disturb_no_prompt() -> None:
    phone = await call_for("<Say>Long</Say><Say>Longer</Say>")
    phone.media.presses("1234567890" * 100)
    assert await said(phone) == ["Long", "Longer"]


@virtually
async def test_the_end_of_the_call_cuts_a_prompt_short() -> None:
    phone = await call_for('<Say loop="9">Long</Say><Say>Never</Say>')
    await passes(1)
    phone.leg.hangs_up()
    assert await said(phone) == ["Long"]
    assert phone.media.playing == []
    assert phone.commands == [("Say[0]", False, "the call is over")]


@virtually
async def test_a_prompt_that_repeats_for_ever_ends_with_a_posted_flow() -> None:
    phone = await Phone(media=PaperMediaLeg(new_id(), play_s=None)).ring()
    phone.conversation.replace(flow('<Play loop="2">http://a.test/</Play>'))
    await passes(1000)
    phone.conversation.replace(flow("<Hangup/>"))
    assert (await phone.ended()).cause == "flow_hung_up"


@virtually
async def test_a_pause_ends_at_its_stop_key_which_is_used_up() -> None:
    phone = await call_for('<Pause length="60000" dtmf_stop="#"/>' + MENU)
    await passes(1)
    phone.media.presses("5")
    await passes(1)
    assert phone.commands == []
    phone.media.presses("#1")
    assert await said(phone) == ["One"]
    assert phone.commands[0] == ("Pause[0]", True, "ended by #")


@virtually
async def test_a_play_that_fails_says_why() -> None:
    phone = await call_for(
        "<Play>http://a.test/</Play>", media=PaperMediaLeg(new_id(), play_s=None)
    )
    phone.media.ends_play(phone.media.playing[0], "failed")
    await phone.ended()
    assert phone.commands == [("Play[0]", False, "no such file")]


@virtually
async def test_a_fault_of_an_engine_is_a_failed_command_and_no_more() -> None:
    phone = await call_for(
        "<Say>Hello</Say><Play>http://a.test/</Play><Pause/>",
        speech=PaperSpeech(SpeechBusy()),
        shelf=PaperShelf(SpeechBusy("no such sound")),
    )
    assert (await phone.ended()).cause == "flow_ended"
    assert phone.commands[0] == ("Say[0]", False, "Too many texts are waiting to be spoken.")
    assert phone.commands[1] == ("Play[0]", False, "no such sound")


@virtually
async def test_a_recording_that_was_deleted_cannot_be_played() -> None:
    phone = await call_for(
        '<Record tag="a"><Pause/></Record><Play record="a"/>',
        shelf=PaperShelf(FileNotFoundError("gone")),
    )
    assert (await phone.ended()).cause == "flow_ended"
    assert phone.commands[-1][1:] == (False, "there is no recording with the tag 'a' in this call")


@virtually
async def test_answer_waits_as_long_as_it_says_and_twice_is_once() -> None:
    phone = await call_for('<Answer delay="2000"/><Answer/>', app=app(auto_answer=False))
    await phone.ended()
    assert phone.statuses == [180, 200, "BYE"]
    assert [reason for _, _, reason in phone.commands] == [
        "Call answered",
        "Call was answered already",
    ]
    assert phone.call.duration == 2


@virtually
async def test_a_flow_fetches_another() -> None:
    fetcher = told_by_url(more=[b"<Response><Say>More</Say></Response>"])
    phone = await call_for(
        '<Callback url="http://more.test/" method="POST" body="true"/>', fetcher=fetcher
    )
    assert await said(phone) == ["More"]
    assert fetcher.asked[0]["json"]["uuid"] == str(phone.call.uuid)
    assert fetcher.asked[0]["max_bytes"] == 64 * 1024


@virtually
async def test_the_end_of_the_call_gives_up_a_fetch() -> None:
    phone = await call_for('<Callback url="http://more.test/"/>', fetcher=told_by_url(more=[None]))
    phone.leg.hangs_up()
    assert (await phone.ended()).cause == "caller_hung_up"


@virtually
async def test_the_end_of_the_call_gives_up_a_wait_for_keys() -> None:
    phone = await call_for('<Gather dtmf_length="4" timeout="60000"/>')
    phone.media.presses("12")
    await passes(1)
    phone.leg.hangs_up()
    assert (await phone.ended()).duration == 1


AT = At("Gather[0]", 1)


def actor() -> tuple[Actor, PaperMediaLeg]:
    media = PaperMediaLeg(new_id())
    line = Line(PaperLeg(), media)
    props = Props(PaperSpeech(), PaperShelf(), PaperFetcher())
    nobody: Any = None
    return Actor(line, props, nobody, nobody, Sounding(line, lambda: None)), media


@virtually
@pytest.mark.parametrize(
    ("pressed", "digits", "ended"),
    [
        ("1234", "123", Ended.LENGTH),
        ("12#", "12", Ended.STOP_KEY),
        ("#", "", Ended.STOP_KEY),
        ("12", "12", Ended.TIMEOUT),
        ("", "", Ended.TIMEOUT),
    ],
)
async def test_collecting_ends_by_length_stop_key_or_time(
    pressed: str, digits: str, ended: Ended
) -> None:
    one, media = actor()
    media.presses(pressed)
    ask = DoCollect(at=AT, max_digits=3, stop_keys="#*", timeout_ms=5000, inter_digit_ms=1000)
    assert await one.perform(ask) == Digits(digits, ended)
    await one.line.close()


@virtually
async def test_the_first_key_may_take_longer_than_those_after_it() -> None:
    one, media = actor()
    ask = DoCollect(at=AT, max_digits=9, stop_keys="", timeout_ms=5000, inter_digit_ms=1000)
    loop_time = asyncio.get_running_loop().time
    began = loop_time()

    async def slow() -> None:
        for key, wait in (("1", 4.9), ("2", 0.9), ("3", 1.1)):
            await passes(wait)
            media.presses(key)

    pressing = asyncio.ensure_future(slow())
    assert await one.perform(ask) == Digits("12", Ended.TIMEOUT)
    assert loop_time() - began == pytest.approx(6.8)
    await pressing
    await settle()
    assert one.line.keys.take() == "3"
    await one.line.close()


@virtually
async def test_what_was_said_to_stop_is_not_begun() -> None:
    one, _ = actor()
    one.stop.set_result("over")
    reply = await one.perform(DoPause(at=AT, length_ms=1000))
    assert getattr(reply, "reason", None) == "over"
    await one.line.close()


@virtually
async def test_a_fetch_gives_the_body() -> None:
    one, _ = actor()
    one.props.fetcher = told_by_url(a=[b"<x/>"])
    ask = DoFetch(
        at=AT, method="GET", url="http://a.test/?q=1", body=None, timeout_ms=900, purpose="flow"
    )
    assert await one.perform(ask) == Fetched(b"<x/>")
    assert one.props.fetcher.asked[0]["timeout"] == 0.9
    assert one.props.fetcher.asked[0]["json"] is None
    await one.line.close()


@virtually
async def test_a_note_is_kept_on_the_call_and_shown_from_then_on() -> None:
    phone = await call_for('<Meta name="order" value="1"/><Meta name="order">4711</Meta>')
    assert (await phone.ended()).meta == {"order": "4711"}
    assert [frame["payload"]["call"]["meta"] for frame in phone.frames("call_flow")] == [
        {"order": "1"},
        {"order": "4711"},
    ]


@virtually
async def test_a_call_keeps_no_more_notes_than_an_event_should_carry() -> None:
    phone = await call_for("".join(f'<Meta name="{n}" value="x"/>' for n in range(51)))
    assert len((await phone.ended()).meta) == 50
    assert phone.commands[-1] == ("Meta[50]", False, "a call keeps 50 notes at most")


@pytest.mark.parametrize(("reason", "status"), [("busy", 486), ("rejected", 603)])
@virtually
async def test_a_call_that_is_turned_down_was_never_answered(reason: str, status: int) -> None:
    inside = f'<Reject reason="{reason}"/><Say>Never</Say>'
    phone = await call_for(inside, app=app(auto_answer=False))
    ended = await phone.ended()
    assert ended.sip_status == status
    assert ended.answer_on is None
    assert ended.price == 0
    assert phone.statuses == [180, status]
    assert phone.commands == [("Reject[0]", True, f"Call turned down as {reason}")]


@virtually
async def test_a_recording_is_waited_for_until_it_ends_by_itself() -> None:
    wait = '<RecordWait tag="a" timeout="{}"/>'
    record = '<Record tag="a" timeout="5000"/>'
    phone = await call_for(record + wait.format(1000) + wait.format(9000) + wait.format(1))
    await passes(2)
    assert phone.commands[-1][1:] == (False, "the recording still runs after 1000 ms")
    phone.media.ends_record(next(iter(phone.media.recording)), "silence")
    await phone.ended()
    assert [command[1] for command in phone.commands[-2:]] == [True, True]


@virtually
async def test_there_is_no_waiting_for_a_recording_that_never_began() -> None:
    phone = await call_for('<RecordWait tag="b"/>')
    await phone.ended()
    [command] = phone.commands
    assert command[1:] == (False, "there is no recording with the tag 'b' in this call")


@virtually
async def test_a_request_of_a_flow_carries_its_own_headers_and_body() -> None:
    header = '<Header name="X-Key" value="k1"/>'
    phone = await call_for(
        f'<Curl url="http://a.test/" method="POST" body="n=1">{header}</Curl>',
        fetcher=told_by_url(a=[b"noted"]),
    )
    await phone.ended()
    [asked] = phone.fetcher.asked
    assert (asked["method"], asked["body"]) == ("POST", b"n=1")
    assert phone.commands == [("Curl[0]", True, "answered with 5 bytes")]
    assert asked["headers"] == {"X-Key": "k1"}
