from pathlib import Path

import pytest

from opentact.kit.ids import new_id
from opentact.voice import causes
from opentact.voice.leg_audio import LegAudio
from opentact.voice.media import RtpTimeout
from opentact.voice.rtp.tones import RING_BACK
from opentact.voice.sdp.offer_answer import Negotiated
from opentact.voice.sip.effects import InfoReceived
from opentact.voice.sip.info_digits import InfoDigit
from opentact.voice.testing import PaperMediaLeg
from opentact.voice.testing_legs import PaperCallee
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


@virtually
@pytest.mark.parametrize(
    ("events", "takes_info", "played", "informed"),
    [
        (101, True, ["digits 5"], 0),
        (None, True, [], 1),
        (None, None, ["digits 5"], 0),
    ],
)
async def test_a_key_is_sent_as_the_peer_takes_it(
    events: int | None, *, takes_info: bool | None, played: list[str], informed: int
) -> None:
    leg, media = audio()
    leg._connected(Negotiated(("192.0.2.9", 4000), "PCMU", 0, events))
    signalling = PaperCallee("sip:bob@x", b"", {}, state="up", takes_info=takes_info)
    leg.signalling = signalling
    leg.send_key(InfoDigit("5"))
    assert [name for name, _ in media.played] == played
    assert len(signalling.sent) == informed
    await leg.close()


@virtually
async def test_who_is_bridged_with_another_is_no_longer_bridged_with_the_first() -> None:
    (one, first), (two, second), (three, third) = audio(), audio(), audio()
    one.bridge(two)
    one.bridge(three)
    assert (first.bridged, second.bridged, third.bridged) == (third, None, first)
    two._informed(InfoReceived("application/dtmf", b"5"))
    one._informed(InfoReceived("application/dtmf", b"6"))
    assert (first.played, third.played) == ([], [("digits 6", 1)])
    three.unbridge()
    three.unbridge()
    one._informed(InfoReceived("application/dtmf", b"7"))
    assert (first.bridged, len(third.played)) == (None, 1)
    for leg in (one, two, three):
        await leg.close()


@virtually
@pytest.mark.parametrize(("takes_info", "informed"), [(True, 1), (None, 0)])
async def test_who_is_on_hold_is_told_of_a_key_by_info_or_never(
    *, takes_info: bool | None, informed: int
) -> None:
    leg, media = audio()
    leg._connected(Negotiated(("192.0.2.9", 4000), "PCMU", 0, 101, direction="recvonly"))
    signalling = PaperCallee("sip:bob@x", b"", {}, state="up", takes_info=takes_info)
    leg.signalling = signalling
    leg.send_key(InfoDigit("5"))
    assert (media.played, len(signalling.sent)) == ([], informed)
    await leg.close()
