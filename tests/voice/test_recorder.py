from dataclasses import replace

import pytest

from opentact.kit.ids import new_id
from opentact.voice import causes
from opentact.voice.callflow.call_steps import DoDial
from opentact.voice.callflow.steps import At
from opentact.voice.facts import ProfileFacts
from opentact.voice.outbound_profiles import OutboundVoiceProfile
from opentact.voice.recorder import FINISH_S, MOST_AT_ONCE, wanted
from opentact.voice.testing import PaperMediaLeg
from support.connected import FLOW, talk
from support.dialling import connected
from support.phone import Phone, app, call_for, flow
from support.virtual_time import passes, settle, virtually
from support.world import NOON


def records(phone: Phone) -> list[tuple[str, str | None, str | None]]:
    told = [frame["payload"] for frame in phone.frames("call_record")]
    return [(each["state"], each["tag"], each["ended_by"] or each["reason"]) for each in told]


@virtually
async def test_a_recording_is_told_when_it_begins_and_with_its_link_when_it_is_stored() -> None:
    phone = await call_for('<Record tag="vm"><Pause length="2000"/></Record>')
    await phone.ended()
    asked, began, ended = phone.frames("call_record")
    assert (asked["payload"]["state"], asked["payload"]["url"]) == ("requested", None)
    assert (began["payload"]["state"], began["payload"]["url"]) == ("writing", None)
    assert (ended["payload"]["state"], ended["payload"]["duration"]) == ("stored", 2000)
    assert ended["payload"]["url"].startswith("http://test/")
    assert ended["call"]["records"] == [ended["payload"]["uuid"]]
    assert began["seq"] < ended["seq"]


@virtually
async def test_a_recording_with_children_ends_with_them_and_can_be_played() -> None:
    phone = await call_for('<Record tag="vm"><Pause/></Record><Play record="vm"/>')
    await phone.ended()
    assert phone.media.played[0][0].startswith("/recordings/")
    assert records(phone)[-1] == ("stored", "vm", "stopped")


@virtually
async def test_a_recording_goes_on_beside_the_flow_until_it_is_stopped() -> None:
    phone = await call_for(
        '<RecordStart tag="all"/><Say>Hi</Say>'
        '<RecordStop tag="all"/><RecordStop tag="all"/><Pause/>'
    )
    await phone.ended()
    assert [success for _, success, _ in phone.commands] == [True] * 5
    assert records(phone) == [
        ("requested", "all", None),
        ("writing", "all", None),
        ("stored", "all", "stopped"),
    ]


@virtually
async def test_of_two_recordings_with_one_tag_the_one_that_runs_is_meant_then_the_later() -> None:
    phone = await call_for(
        '<RecordStart tag="a"/><RecordStart tag="a"/><RecordStop tag="a"/><RecordStop tag="a"/>'
        '<RecordStop tag="b"/>'
    )
    await phone.ended()
    began = ["requested", "writing"] * 2
    assert [state for state, _, _ in records(phone)] == [*began, "stored", "stored"]
    assert phone.commands[-1][1:] == (False, "there is no recording with the tag 'b' in this call")


@virtually
async def test_a_record_that_ended_early_ends_no_other() -> None:
    phone = await call_for(
        '<RecordStart/><Record dtmf_stop="#"><Pause length="3000"/></Record><Pause length="1000"/>'
    )
    phone.media.presses("#")
    await passes(3.5)
    assert len(phone.media.recording) == 1
    await phone.ended()
    assert records(phone)[-1] == ("stored", None, "closed")


@virtually
async def test_a_stop_key_ends_the_recording_and_is_used_up() -> None:
    phone = await call_for('<Record tag="a" dtmf_stop="#*"/><Pause length="9000" dtmf_stop="#"/>')
    phone.media.presses("1#")
    await settle()
    assert records(phone)[-1] == ("stored", "a", "dtmf")
    phone.media.presses("#")
    await settle()
    assert phone.commands[-1] == ("Pause[0]", True, "ended by #")
    await phone.ended()


@virtually
async def test_a_call_that_ends_ends_its_recordings() -> None:
    phone = await call_for('<RecordStart tag="a"/><Pause length="60000"/>')
    phone.leg.hangs_up()
    await phone.ended()
    assert records(phone)[-1] == ("stored", "a", "closed")
    order = [f["type"] for f in phone.book.log.frames]
    assert order.index("call_record") < len(order) - 1
    assert order[-1] == "call_state"


@virtually
async def test_a_flow_that_is_replaced_ends_its_open_record_but_no_background_one() -> None:
    phone = await call_for(
        '<RecordStart tag="all"/><Record tag="vm"><Pause length="60000"/></Record>'
    )
    await passes(1)
    phone.conversation.replace(flow('<Pause length="5000"/>'))
    await passes(1)
    assert records(phone)[-1] == ("stored", "vm", "stopped")
    assert len(phone.media.recording) == 1
    await phone.ended()
    assert records(phone)[-1] == ("stored", "all", "closed")


@virtually
async def test_a_recording_that_fails_says_why_and_has_no_link() -> None:
    phone = await call_for(
        '<Record tag="a"><Pause/></Record>', media=PaperMediaLeg(new_id(), record_fault="disk full")
    )
    await phone.ended()
    assert records(phone)[-1] == ("failed", "a", "disk full")
    assert phone.frames("call_record")[-1]["payload"]["url"] is None
    assert phone.commands[-1] == ("Record[0]", False, "the recording failed: disk full")


@virtually
async def test_a_recording_that_is_not_written_out_holds_no_flow() -> None:
    class Stuck(PaperMediaLeg):
        def stop_record(self, record: int) -> None:
            pass

    phone = await call_for(
        '<RecordStart tag="a"/><RecordStop tag="a"/><Play record="a"/>', media=Stuck(new_id())
    )
    call = await phone.ended()
    assert "not written out within" in phone.commands[1][2]
    assert call.duration == 2 * FINISH_S


@virtually
@pytest.mark.parametrize(
    ("command", "why"),
    [
        ('<Record leg="bleg"/>', "there is no other leg"),
    ],
)
async def test_what_cannot_be_recorded_is_said(command: str, why: str) -> None:
    phone = await call_for(command)
    await phone.ended()
    assert why in phone.commands[0][2]


@virtually
async def test_nothing_is_recorded_before_answer() -> None:
    phone = await call_for("<Record/>", app=app(auto_answer=False))
    await phone.ended()
    assert "put Answer before" in phone.commands[0][2]
    assert phone.statuses == [180, 480]


@virtually
async def test_a_call_makes_only_so_many_recordings_at_once() -> None:
    phone = await call_for("<RecordStart/>" * (MOST_AT_ONCE + 1))
    await phone.ended()
    assert [success for _, success, _ in phone.commands] == [True] * MOST_AT_ONCE + [False]


@virtually
@pytest.mark.parametrize(
    ("attributes", "leg", "how"),
    [
        ("", "caller", ("wav", 1, False)),
        ('leg="bleg" format="mp3"', "callee", ("mp3", 1, False)),
        ('leg="both"', "caller", ("wav", 2, True)),
        ('leg="both" channels="1"', "caller", ("wav", 1, True)),
        ('channels="2"', "caller", ("wav", 2, True)),
    ],
)
async def test_either_leg_or_both_are_recorded_as_asked(
    attributes: str, leg: str, how: tuple[str, int, bool]
) -> None:
    call = await talk()
    call.post(f"<RecordStart {attributes}/>")
    await settle()
    [made] = getattr(call, leg).recording.values()
    assert (made["format"], made["channels"], made["both"]) == how
    assert made["path"].suffix == f".{how[0]}"
    await call.ends()
    assert records(call.phone)[-1][0] == "stored"


@virtually
async def test_a_dial_records_both_sides_from_the_answer_to_the_end_of_the_connection() -> None:
    call = await talk(
        flow=FLOW.replace("<Dial>", '<Dial record="record-from-answer">').format("+12025550123")
    )
    [made] = call.caller.recording.values()
    assert (made["channels"], made["both"]) == (2, True)
    call.bob.hangs_up()
    await settle()
    assert records(call.phone)[-1] == ("stored", None, "stopped")
    await call.ends()


@virtually
@pytest.mark.parametrize(
    ("record_calls", "caller_id", "recorded"),
    [(0, 12025550199, False), (1, 12025550199, True), (1, 12025550111, False), (2, None, True)],
)
async def test_a_profile_records_what_it_says(
    record_calls: int, caller_id: int | None, *, recorded: bool
) -> None:
    profile = OutboundVoiceProfile(
        name="out",
        tech_prefix=1,
        record_calls=record_calls,
        file_format="mp3",
        audio_track_type=1,
        account_uuid=new_id(),
        created_on=NOON,
        modified_on=NOON,
    )
    made, partner = connected()
    placed = replace(partner.attempt.placed, profile=ProfileFacts(profile, caller_id))
    partner.attempt.placed = placed
    asked = wanted(DoDial(at=At("Dial[0]", 1), targets=("1",), timeout_ms=1), partner)
    assert (asked is not None) is recorded
    if asked is not None:
        assert (asked.format, asked.channels) == ("mp3", 2)
    partner.leave(causes.CALLER_HUNG_UP)
    await made.end()


@virtually
async def test_whose_words_are_wanted_is_written_down_with_the_recording() -> None:
    phone = await call_for('<RecordStart asr="true"/><RecordStart/><Pause/>')
    await phone.ended()
    asked = [row for table, row in phone.book.rows if table == "transcript"]
    recorded = phone.frames("call_record")[0]["payload"]["uuid"]
    assert [str(row["recording_uuid"]) for row in asked] == [recorded]
