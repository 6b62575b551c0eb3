from typing import Any

import pytest

from opentact.voice.timeline.doctor import Finding, Patient, Told, examine
from opentact.voice.timeline.messages import Description

PUBLIC, PRIVATE = "198.51.100.7", "10.0.0.5"


def told(address: str, *, ours: bool = False, peer: str = PUBLIC, secure: bool = False) -> Told:
    sdp = Description(address, 4000, "sendrecv", ("PCMU",), secure)
    return Told(ours, sdp, f"udp:{peer}:5060")


def fact(kind: str, detail: str = "") -> dict[str, Any]:
    return {"facts": [{"kind": kind, "at": 1.0, "detail": detail}], "packets_sent": 10}


def examined(**patient: Any) -> list[Finding]:
    return examine([Patient("leg", **patient)])


def test_a_healthy_call_has_no_findings() -> None:
    media = {"packets_sent": 500, "packets_received": 490, "facts": []}
    healthy = [told("8.8.8.8", peer="8.8.8.8"), told("9.9.9.9", ours=True, peer="8.8.8.8")]
    assert examined(cause="caller_hung_up", answered=True, media=media, told=healthy) == []


def test_a_call_on_this_machine_is_healthy() -> None:
    assert examined(told=[told("127.0.0.1", peer="127.0.0.1")]) == []


def test_a_call_within_a_private_network_is_healthy() -> None:
    assert examined(told=[told(PRIVATE, peer="10.0.0.9")]) == []


def test_a_private_address_of_a_peer_elsewhere_is_a_nat_at_its_side() -> None:
    [finding] = examined(told=[told(PRIVATE, peer="8.8.8.8"), told(PRIVATE, peer="8.8.8.8")])
    assert (finding.code, finding.where) == ("nat", "the other phone, PBX or carrier")
    assert PRIVATE in finding.text
    assert "8.8.8.8" in finding.text


def test_a_private_address_of_ours_names_our_setting() -> None:
    [finding] = examined(told=[told(PRIVATE, ours=True, peer="8.8.8.8")])
    assert (finding.code, finding.setting) == ("private_address", "OPENTACT_RTP_HOST")


def test_an_address_that_was_only_passed_on_is_not_ours_to_change() -> None:
    caller = Patient("caller", told=[told(PRIVATE, peer="8.8.8.8")])
    callee = Patient("callee", told=[told(PRIVATE, ours=True, peer="9.9.9.9")])
    assert [(f.leg, f.code) for f in examine([caller, callee])] == [("caller", "nat")]


def test_encrypted_media_is_named_wherever_the_peer_is() -> None:
    secure = told("8.8.8.8", peer="8.8.8.8", secure=True)
    assert [finding.code for finding in examined(told=[secure])] == ["srtp"]


def test_sound_from_elsewhere_is_told_with_both_addresses() -> None:
    detail = f"SDP said {PRIVATE}:4000, packets came from {PUBLIC}:31000"
    [finding] = examined(media=fact("source_differs", detail))
    assert finding.code == "rtp_from_elsewhere"
    assert detail in finding.text


@pytest.mark.parametrize(
    "kind",
    ["one_way", "no_rtp", "silence", "wrong_payload_type", "other_law", "stranger", "source_moved"],
)
def test_each_fact_of_the_media_becomes_a_finding_with_one_setting(kind: str) -> None:
    [finding] = examined(media=fact(kind, "no RTP for 5 s"))
    assert finding.code == kind
    assert "no RTP for 5 s" in finding.text
    assert finding.setting


@pytest.mark.parametrize(
    ("cause", "code"),
    [
        ("no_ack", "missing_ack"),
        ("no_common_codec", "wrong_codec"),
        ("media_refused", "wrong_codec"),
        ("bad_sdp", "bad_sdp"),
        ("no_rtp", "no_rtp"),
    ],
)
def test_causes_that_have_a_remedy_become_findings(cause: str, code: str) -> None:
    assert [finding.code for finding in examined(cause=cause)] == [code]


def test_nothing_heard_in_an_answered_call_is_one_way_audio() -> None:
    media = {"packets_sent": 500, "packets_received": 0}
    assert [f.code for f in examined(answered=True, media=media)] == ["one_way"]
    assert examined(answered=False, media=media) == []
    assert examined(answered=True, media={"packets_sent": 20, "packets_received": 0}) == []


def test_one_way_audio_to_a_private_address_is_the_other_sides_to_change() -> None:
    """Its messages come from elsewhere, so the address is none that we could reach."""
    media = fact("one_way", "no RTP for 5 s from the start, though we sent")
    [finding] = examined(answered=True, media=media, told=[told(PRIVATE, peer="127.0.0.1")])
    assert (finding.code, finding.where) == ("one_way", "the other phone, PBX or carrier")
    assert PRIVATE in finding.text
    assert finding.setting.startswith("its public address")
    near = examined(answered=True, media=media, told=[told(PRIVATE, peer="10.0.0.9")])
    assert [each.setting for each in near] == ["OPENTACT_RTP_HOST"]
