"""Every event has a golden file, which is its documentation; and is held to spec/08."""

import json
from typing import Any

import pytest

from opentact.api.wire.events import render
from opentact.api.wire.sockets import as_2022
from opentact.events.subscriptions import EventType
from support.samples import GOLDEN, SAMPLES, frames, written

# What spec/08 prints, member by member. More may be there, none may be missing.
ENVELOPE = {
    "uuid", "created_on", "modified_on", "timestamp", "type", "message", "payload", "ref_id",
    "account", "delivery_report",
}  # fmt: skip
ACCOUNT = {"created_on", "modified_on", "uuid", "email", "name", "level", "deleted_on", "balance"}
CALL = {
    "uuid", "direction", "from", "to", "state", "duration", "type", "created_on", "modified_on",
    "freeswitch_call_state", "freeswitch_channel_state", "stir_shaken_attest_level", "tn",
    "sip_control_app", "account", "thread", "logs", "records",
}  # fmt: skip
TIMES = {"init_on", "ring_on", "answer_on", "hangup_on", "destroy_on"}
TIME_OF = {
    "init": {"init_on"},
    "ringing": {"ring_on"},
    "live": {"answer_on"},
    "hangup": {"hangup_on"},
    "destroyed": {"destroy_on"},
}
COMMAND = {"name", "success", "reason", "path", "children", "error"}
RECORD = {"uuid", "tag", "url", "format", "duration", "size", "channels"}
ORDER = {"uuid", "state", "total", "success", "processing", "failed"}
USER = {
    "created_on", "modified_on", "uuid", "email", "phone_number", "first_name", "wss_online",
    "last_name", "avatar", "dob", "role", "gender", "deleted_on",
}  # fmt: skip
FRAMES = frames()
STATES = [name for name in FRAMES if name.startswith("call_state.")]


@pytest.mark.parametrize("name", FRAMES)
def test_an_event_goes_out_as_its_golden_file_shows(name: str) -> None:
    golden = (GOLDEN / f"{name}.json").read_text(encoding="utf-8")
    assert written(FRAMES[name]) == golden


def test_every_golden_file_has_a_sample() -> None:
    assert {file.stem for file in GOLDEN.glob("*.json")} == set(FRAMES)


def test_every_event_that_can_be_spelt_has_a_sample() -> None:
    spelt = {kind for kind in render.registry if kind is not object}
    assert spelt == {type(sample) for sample in SAMPLES.values()}


@pytest.mark.parametrize("name", FRAMES)
def test_a_sample_is_named_after_its_type_which_can_be_subscribed_to(name: str) -> None:
    type_ = FRAMES[name]["type"]
    assert name.partition(".")[0] == type_
    assert type_ in set(EventType)


@pytest.mark.parametrize("name", [name for name in FRAMES if name != "auth"])
def test_every_event_has_the_whole_envelope(name: str) -> None:
    frame = FRAMES[name]
    assert set(frame) >= ENVELOPE
    assert set(frame["account"]) >= ACCOUNT
    assert frame["timestamp"] == frame["created_on"] == "2024-02-20T16:41:44.795Z"
    assert frame["delivery_report"] == []


@pytest.mark.parametrize("name", STATES)
def test_a_call_state_is_short_in_its_payload_and_whole_beside_it(name: str) -> None:
    frame, state = FRAMES[name], name.partition(".")[2]
    call = frame["call"]
    assert set(frame["payload"]) == {"state", "duration"}
    assert (call["state"], call["duration"]) == (state, frame["payload"]["duration"])
    assert set(call) >= CALL
    assert set(call) & TIMES == TIME_OF[state]
    assert frame["ref_id"] == call["uuid"]
    assert frame["message"] == f"CallSCA in +12015550168 > 12015550100 - {state}"
    ended = state in {"hangup", "destroyed"}
    assert ({"q850_cause", "q850_cause_string"} <= set(call)) is ended


def test_the_events_of_a_call_are_numbered() -> None:
    assert [FRAMES[name]["seq"] for name in STATES] == [1, 2, 3, 6, 7]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("call_flow", "[success] command Say[0], reason: Said 12 words"),
        ("call_flow.failed", "[failed] command Gather[0]/Play[0], reason: no answer (404)"),
    ],
)
def test_a_call_flow_event_reports_a_command(name: str, message: str) -> None:
    frame = FRAMES[name]
    command = frame["payload"]["command"]
    assert set(command) >= COMMAND
    assert (frame["command"], frame["success"]) == (command["name"], command["success"])
    assert set(frame["payload"]["call"]) >= CALL - {"logs", "records"}
    assert frame["message"] == message


def test_a_tag_is_echoed() -> None:
    assert FRAMES["call_flow"]["payload"]["command"]["tag"] == "hello"


def test_balance_record_and_order_have_what_their_readers_read() -> None:
    balance = FRAMES["balance"]
    assert (balance["payload"], balance["message"]) == (814.85626, "New balance is 814.85626")
    assert balance["source_action"] == "voice_charge_in"
    assert set(FRAMES["call_record"]["payload"]) >= RECORD
    assert set(FRAMES["call_record"]["call"]) >= CALL
    assert set(FRAMES["tn_order"]["payload"]) >= ORDER


def test_the_welcome_has_what_spec_08_prints() -> None:
    frame = FRAMES["auth"]
    assert set(frame) >= {"uuid", "created_on", "type", "message", "payload", "account"}
    assert set(frame["payload"]) == {"uuid", "ip", "user", "account"}
    assert set(frame["payload"]["user"]) == USER
    more = {"phone", "address1", "address2", "zip_code", "city", "disabled_on"}
    assert set(frame["account"]) >= ACCOUNT - {"balance"} | more
    assert "never shown" not in json.dumps(frame)


@pytest.mark.parametrize("name", [name for name in FRAMES if name != "auth"])
def test_readers_of_2022_find_everything_in_the_payload(name: str) -> None:
    old: dict[str, Any] = json.loads(as_2022(json.dumps(FRAMES[name])))
    assert not {"call", "ref_id", "account", "delivery_report", "created_on"} & set(old)
    assert {"timestamp", "message", "type", "payload"} <= set(old)
    if old["type"] == "call_state":
        assert set(old["payload"]) >= CALL
