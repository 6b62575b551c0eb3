from datetime import timedelta

from opentact.api.wire.timelines import findings_out, timeline_out
from opentact.kit.clock import stamp
from opentact.voice.timeline.story import Material
from support.samples import AT
from support.tracing import card, ended


def test_moments_count_from_the_first_of_them() -> None:
    call = card(**ended(init_on=AT - timedelta(seconds=1))).call
    told = timeline_out(Material([call]))
    assert told["began_on"] == stamp(AT - timedelta(seconds=1))
    assert [moment["offset_ms"] for moment in told["moments"]] == [0, 2000, 3000, 10_000]


def test_a_call_is_complete_when_all_its_legs_are() -> None:
    over, alive = card(**ended()).call, card(**ended(destroy_on=None)).call
    assert timeline_out(Material([over]))["complete"] is True
    assert timeline_out(Material([over, alive]))["complete"] is False


def test_findings_are_spelt_with_the_setting_to_change() -> None:
    call = card(**ended(cause="no_ack")).call
    [finding] = findings_out(Material([call]))
    assert finding["code"] == "missing_ack"
    assert finding["leg"] == str(call.uuid)
    assert finding["setting"] == "OPENTACT_SIP_ADVERTISE"
