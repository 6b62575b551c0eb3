"""Calls, their events, flow logs and recordings as the wire spells them (spec/07, spec/08)."""

from datetime import datetime
from typing import Any
from uuid import UUID

from opentact.events.log import Draft
from opentact.kit.clock import stamp
from opentact.voice.apps import SipControlApp
from opentact.voice.call_events import CallCard, CallChanged, CommandEnded, RecordingChanged
from opentact.voice.calls import CallFlowLog, CallState
from opentact.voice.recordings import Recording

from .accounts import AccountOut, account_short
from .call_shapes import FlowLogOut, RecordingOut
from .events import frame, render

# Best effort, for readers of FreeSWITCH's fields (spec/11 E11).
_FREESWITCH = {
    CallState.INIT: ("DOWN", "CS_INIT"),
    CallState.RINGING: ("RINGING", "CS_ROUTING"),
    CallState.LIVE: ("ACTIVE", "CS_EXECUTE"),
    CallState.BRIDGED: ("ACTIVE", "CS_EXCHANGE_MEDIA"),
    CallState.HANGUP: ("HANGUP", "CS_HANGUP"),
    CallState.DESTROYED: ("HANGUP", "CS_REPORTING"),
}
_TIMES = ("init_on", "ring_on", "answer_on", "hangup_on", "destroy_on")
_END = ("q850_cause", "q850_cause_string", "sip_status", "cause", "blame", "reason")
_TIME_OF = {
    CallState.INIT: "init_on",
    CallState.RINGING: "ring_on",
    CallState.LIVE: "answer_on",
    CallState.HANGUP: "hangup_on",
    CallState.DESTROYED: "destroy_on",
}


def _moment(value: datetime | None) -> str | None:
    return stamp(value) if value else None


def app_short(app: SipControlApp) -> dict[str, Any]:
    """Write the app as calls carry it (spec/07)."""
    return {
        "created_on": stamp(app.created_on),
        "modified_on": stamp(app.modified_on),
        "uuid": str(app.uuid),
        "name": app.name,
        "is_active": app.is_active,
        "tech_prefix": app.tech_prefix,
        "shaken_verify_policy": app.shaken_verify_policy,
        "shaken_minimum_accepted_attest_lvl": app.shaken_minimum_accepted_attest_lvl,
        "auto_answer": app.auto_answer,
        "max_call_length_min": app.max_call_length_min,
        "webhook_url": app.webhook_url,
        "webhook_method": app.webhook_method,
        "webhook_request_timeout": app.webhook_request_timeout,
    }


def _same(card: CallCard) -> dict[str, Any]:
    """Spell once what is the same in all events of a call: a busy server spells thousands."""
    found: dict[str, Any] | None = card.spelt.get("same")
    if found is not None:
        return found
    call = card.call
    found = {
        "uuid": str(call.uuid),
        "type": call.type,
        "direction": call.direction.value,
        "from": call.from_,
        "to": call.to,
        "state_end": None,
        "created_on": stamp(call.created_on),
        "stir_shaken_attest_level": None,
        "thread": call.thread,
        "tn": {"tn": call.tn} if call.tn is not None else None,
        "sip_control_app": app_short(card.app) if card.app else None,
        "debug_url": card.debug_url,
        "logs": [],
    }
    card.spelt["same"] = found
    return found


def call_in_event(card: CallCard, state: CallState) -> dict[str, Any]:
    """Write the call as its events carry it (spec/08)."""
    # The members themselves, where they were set: each look through the mapper costs more than
    # spelling what it finds.
    now = vars(card.call)
    freeswitch = _FREESWITCH[state]
    out = {
        **_same(card),
        "state": state.value,
        "duration": now.get("duration", 0),
        "modified_on": stamp(now["modified_on"]),
        "freeswitch_call_state": freeswitch[0],
        "freeswitch_channel_state": freeswitch[1],
        "meta": now.get("meta") or card.call.meta,
        "account": _account_of(card),
        "records": [str(uuid) for uuid in card.recordings],
    }
    time = _TIME_OF.get(state)
    if time is not None:
        out[time] = _moment(now.get(time))
    if now.get("cause") is not None:
        out.update((name, now.get(name)) for name in _END)
    if now.get("refusal") is not None:
        out["refusal"] = now["refusal"]
    if now.get("peer_uuid") is not None:
        out["peer"] = str(now["peer_uuid"])
        # With its times once they are all there.
        out["parent"] = _parent_of(card, times=now.get("hangup_on") is not None)
    return out


def _account_of(card: CallCard) -> AccountOut:
    """Spell the call's account anew only when its balance moved."""
    balance, spelt = card.spelt.get("account", (None, None))
    if spelt is None or balance != card.account.balance:
        spelt = account_short(card.account)
        card.spelt["account"] = (card.account.balance, spelt)
    found: AccountOut = spelt
    return found


def _parent_of(card: CallCard, *, times: bool) -> dict[str, Any] | None:
    """Write the leg that this one went out for, as far as it is at hand."""
    if card.call.parent_uuid is None:
        return None
    if card.parent is None:
        return {"uuid": str(card.call.parent_uuid)}
    call = card.parent.call
    more = {name: _moment(getattr(call, name)) for name in _TIMES} if times else {}
    return {
        "uuid": str(call.uuid),
        "type": call.type,
        "direction": call.direction.value,
        "from": call.from_,
        "to": call.to,
        "state": call.state.value,
        "created_on": stamp(call.created_on),
        **more,
    }


def call_with_times(card: CallCard) -> dict[str, Any]:
    """Write the call as events of its commands and recordings carry it: with all its times."""
    now = vars(card.call)  # as in call_in_event
    times = {name: _moment(now.get(name)) for name in _TIMES}
    return call_in_event(card, card.call.state) | times


def call_entity(
    card: CallCard, logs: list[FlowLogOut] | None = None, records: list[RecordingOut] | None = None
) -> dict[str, Any]:
    """Write the whole call, with every time and price (spec/07, D-12)."""
    call = card.call
    return {
        **call_with_times(card),
        "finished_on": _moment(call.destroy_on),
        "q850_cause": call.q850_cause,
        "q850_cause_string": call.q850_cause_string,
        "sip_status": call.sip_status,
        "cause": call.cause,
        "blame": call.blame,
        "reason": call.reason,
        "refusal": call.refusal,
        "release_cause_from_protocol_stack": None,
        "stir_shaken_identity": None,
        "source": call.source,
        "sip_call_id": call.sip_call_id,
        "parent": _parent_of(card, times=True),
        "peer": str(call.peer_uuid) if call.peer_uuid else None,
        "sip_user": {"uuid": str(call.sip_user_uuid)} if call.sip_user_uuid else None,
        "rate": float(call.rate),
        "rate_initial": call.rate_initial,
        "rate_increment": call.rate_increment,
        "connect_fee": float(call.connect_fee),
        "price": float(call.price),
        "billed_seconds": call.billed_seconds,
        "billable_sec": call.billed_seconds,
        "media": call.media,
        "logs": logs or [],
        "records": [str(uuid) for uuid in card.recordings] if records is None else records,
    }


def log_out(log: CallFlowLog) -> FlowLogOut:
    """Write an entry of the flow log."""
    return {
        "uuid": str(log.uuid),
        "created_on": stamp(log.created_on),
        "modified_on": stamp(log.modified_on),
        "success": log.success,
        "name": log.name,
        "command": log.command,
        "response": log.response,
        "call": str(log.call_uuid),
        "sip_control_app": str(log.app_uuid) if log.app_uuid else None,
    }


def recording_out(recording: Recording, url: str | None) -> RecordingOut:
    """Write a recording; `url` is its signed link, or None while it cannot be fetched."""
    return {
        "uuid": str(recording.uuid),
        "created_on": stamp(recording.created_on),
        "modified_on": stamp(recording.modified_on),
        "call": str(recording.call_uuid),
        "state": recording.state.value,
        "tag": recording.tag,
        "url": url,
        "format": recording.format,
        "duration": recording.duration,
        "size": recording.size,
        "channels": recording.channels,
        "ended_by": recording.ended_by,
        "reason": recording.reason,
    }


@render.register
def _(happened: CallChanged, uuid: UUID, at: datetime) -> Draft:
    card, state = happened.card, happened.state
    call = call_in_event(card, state)
    return frame(
        "call_state",
        uuid,
        at,
        f"{call['type']} {call['direction']} {call['from']} > {call['to']} - {state}",
        {"state": state.value, "duration": call["duration"]},
        call["account"],
        ref_id=card.call.uuid,
        seq=happened.seq,
        call=call,
    )


@render.register
def _(happened: CommandEnded, uuid: UUID, at: datetime) -> Draft:
    card, command = happened.card, happened.command
    call = call_with_times(card)
    return frame(
        "call_flow",
        uuid,
        at,
        command.message,
        {"command": {**command.as_dict(), "line": happened.line}, "call": call},
        call["account"],
        ref_id=card.call.uuid,
        seq=happened.seq,
        success=command.success,
        command=command.name,
    )


@render.register
def _(happened: RecordingChanged, uuid: UUID, at: datetime) -> Draft:
    card, recording = happened.card, happened.recording
    named = f" {recording.tag}" if recording.tag else ""
    return frame(
        "call_record",
        uuid,
        at,
        f"Recording{named} of call {recording.call_uuid}: {recording.state.value}",
        recording_out(recording, happened.url),
        _account_of(card),
        ref_id=card.call.uuid,
        seq=happened.seq,
        call=call_with_times(card),
    )
