from pathlib import Path

from opentact.kit.ids import new_id
from opentact.voice import causes
from opentact.voice.leg_audio import LegAudio
from opentact.voice.media import RtpTimeout
from opentact.voice.rtp.tones import RING_BACK
from opentact.voice.sdp.offer_answer import Negotiated
from opentact.voice.testing import PaperMediaLeg
from support.virtual_time import settle, virtually

AGREED = Negotiated(("192.0.2.9", 4000), "PCMU", 0)


def audio() -> tuple[LegAudio, PaperMediaLeg]:
    media = PaperMediaLeg(new_id())
    media.connect(AGREED)
    return LegAudio(media), media


@virtually
async def test_what_plays_ends_with_its_reason() -> None:
    leg, media = audio()
    said, tone = leg.play(Path("hello")), leg.tones(RING_BACK, 0)
    assert (await said).reason == "end"
    media.stop()
    assert (await tone).reason == "stopped"
    await leg.close()


@virtually
async def test_keys_are_kept_unless_somebody_uses_them_up() -> None:
    leg, media = audio()
    leg.on_key = lambda key: key == "#"
    media.presses("1#2")
    await settle()
    assert (leg.keys.take(), leg.keys.take(), leg.keys.take()) == ("1", "2", None)
    await leg.close()


@virtually
async def test_the_first_cause_decided_is_the_cause_and_told_once() -> None:
    leg, media = audio()
    told: list[str] = []
    leg.on_over = lambda: told.append("over")
    media.events.put_nowait(RtpTimeout(60))
    media.dies()
    await settle()
    assert (leg.over, told) == (causes.NO_RTP, ["over"])
    await leg.close()


@virtually
async def test_a_recording_ends_with_its_leg() -> None:
    leg, media = audio()
    ends: list[object] = []
    leg.record(Path("a.wav"), ends.append, channels=2, both=True)
    assert next(iter(media.recording.values()))["channels"] == 2
    await leg.close()
    await leg.close()
    assert [getattr(end, "reason", None) for end in ends] == ["closed"]
    assert media.closed
