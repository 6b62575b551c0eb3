"""The paper twins behave as what they stand for does at its port."""

from pathlib import Path

import pytest

from opentact.kit.ids import new_id
from opentact.voice.fetching import Fetched
from opentact.voice.media import Played, Recorded
from opentact.voice.rtp.tones import Tone
from opentact.voice.sip.effects import Cancelled, HungUp
from opentact.voice.testing import STATS, PaperLeg, PaperMedia, PaperMediaLeg
from opentact.voice.testing_engines import PaperSpeech, told_by_url
from opentact.voice.voices import choose
from support.virtual_time import passes, virtually


def test_a_leg_that_is_over_is_silent() -> None:
    leg = PaperLeg()
    leg.ring()
    leg.reject(486, reason="busy")
    leg.ring()
    leg.answer(b"sdp")
    leg.hangup()
    leg.cancels()
    assert (leg.sent, leg.status, leg.reason) == ([(180,), (486,)], 486, "busy")
    assert leg.events.empty()


def test_a_call_is_refused_by_a_refusal() -> None:
    with pytest.raises(ValueError, match="200 is not a refusal"):
        PaperLeg().reject(200)


def test_a_caller_cancels_before_the_answer_and_hangs_up_after_it() -> None:
    leg, other = PaperLeg(), PaperLeg()
    leg.cancels()
    assert (leg.events.get_nowait(), leg.status) == (Cancelled(), 487)
    other.answer(b"sdp")
    other.cancels()
    other.hangs_up()
    assert (other.events.get_nowait(), other.status) == (HungUp(), 200)
    assert other.events.empty()


@virtually
async def test_plays_follow_each_other_and_can_be_stopped() -> None:
    leg = PaperMediaLeg(new_id())
    leg.play(1, Path("a"))
    assert leg.events.get_nowait() == Played(1, "failed", "not connected")
    leg.connected = object()  # type: ignore[assignment]
    leg.play(2, Path("a"))
    leg.play(3, Path("b"), loop=2)
    await passes(1)
    assert leg.events.get_nowait() == Played(2, "end")
    leg.stop()
    assert leg.events.get_nowait() == Played(3, "stopped")
    await passes(10)
    assert leg.events.empty()


async def test_closing_ends_what_is_recorded() -> None:
    media = PaperMedia()
    leg = await media.open(new_id(), "127.0.0.1")
    leg.record(7, Path("a.wav"))
    assert len(media.snapshot()) == 1
    await media.close()
    assert leg.events.get_nowait() == Recorded(7, 2000, 32_044, "closed")
    assert await leg.close() == STATS
    assert media.snapshot() == []


async def test_a_leg_is_bridged_with_one_other_until_either_ends() -> None:
    media = PaperMedia()
    one, two, three = [await media.open(new_id(), "127.0.0.1") for _ in range(3)]
    one.bridge(two)
    assert (one.bridged, two.bridged) == (two, one)
    three.bridge(one)
    assert (one.bridged, two.bridged, three.bridged) == (three, None, one)
    await three.close()
    assert (one.bridged, three.bridged) == (None, None)
    one.unbridge()


async def test_tones_are_plays_and_a_recording_knows_what_it_is_of() -> None:
    leg = PaperMediaLeg(new_id(), play_s=None)
    leg.connected = object()  # type: ignore[assignment]
    leg.tones(4, [Tone((440, 480), 2_000)], loop=0)
    leg.record(1, Path("a.mp3"), channels=2, format="mp3")
    leg.listen()
    assert (leg.played, leg.playing) == ([("tones (440, 480)", 0)], [4])
    assert leg.recording[1]["format"] == "mp3"
    assert leg.listening


async def test_the_web_answers_in_turn_and_goes_on_with_the_last() -> None:
    page = Fetched(200, "text/html", b"3", "http://a.test/", 1.0)
    web = told_by_url(a=[b"1", page])
    bodies = [(await web.fetch("GET", f"http://a.test/?{n}")).body for n in range(3)]
    assert bodies == [b"1", b"3", b"3"]
    assert [each["url"][-1] for each in web.asked] == ["0", "1", "2"]


async def test_speech_is_a_path_of_its_text() -> None:
    speech = PaperSpeech()
    assert await speech.speak("hello", choose()) == Path("said hello")
    assert [driver.name for driver in speech.drivers()] == ["paper"]
