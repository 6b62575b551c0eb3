"""Calls that leave a trace: their records, and the SIP messages of a plain one."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from opentact.kit.ids import new_id
from opentact.voice.call_events import CallCard
from opentact.voice.calls import Call, CallState, Direction
from opentact.voice.sip.machine import Address
from opentact.voice.timeline.traces import Traces
from support.samples import ACCOUNT, AT, account

PEER = Address("192.0.2.1", 5060)
INVITE = b"INVITE sip:1@x SIP/2.0\r\n\r\n"


def card(call_id: str | None = "a", parent: UUID | None = None, **more: Any) -> CallCard:
    """The card of a call, the account's of the samples unless told otherwise."""
    values: dict[str, Any] = {
        "uuid": new_id(),
        "created_on": AT,
        "modified_on": AT,
        "account_uuid": ACCOUNT.uuid,
        "direction": Direction.IN,
        "from_": "+12015550123",
        "to": "12015550100",
        "node": "n",
        "sip_call_id": call_id,
        "parent_uuid": parent,
    }
    call = Call(**{**values, **more})
    return CallCard(call, account(call.account_uuid))


def ended(**more: Any) -> dict[str, Any]:
    """What the record of a call says that rang, talked and ended."""
    return {
        "state": CallState.DESTROYED,
        "source": "192.0.2.1:5060",
        "init_on": AT,
        "ring_on": AT + timedelta(seconds=1),
        "answer_on": AT + timedelta(seconds=2),
        "hangup_on": AT + timedelta(seconds=9),
        "destroy_on": AT + timedelta(seconds=9.1),
        "duration": 7,
        "cause": "caller_hung_up",
        "blame": "nobody",
        "reason": "The caller hung up",
        "q850_cause": 16,
        "q850_cause_string": "NORMAL_CLEARING",
        "sip_status": 200,
        **more,
    }


def message(start: str, method: str, *, sdp: str | None = None, call_id: str = "a") -> bytes:
    """A SIP message, with a description that names this address if one is given."""
    body = ""
    if sdp is not None:
        body = (
            f"v=0\r\no=- 1 1 IN IP4 {sdp}\r\ns=-\r\nc=IN IP4 {sdp}\r\nt=0 0\r\n"
            "m=audio 4000 RTP/AVP 0\r\n"
        )
    kind = "Content-Type: application/sdp\r\n" if body else ""
    return (
        f"{start}\r\nVia: SIP/2.0/UDP x;branch=z9hG4bK1\r\nFrom: <sip:a@x>;tag=1\r\n"
        f"To: <sip:b@y>\r\nCall-ID: {call_id}\r\nCSeq: 1 {method}\r\n{kind}"
        f"Content-Length: {len(body)}\r\n\r\n{body}"
    ).encode()


def traced(traces: Traces, call: CallCard, peer: Address = PEER) -> None:
    """Let a call ring and be answered on the wire, with a key pressed by RFC 4733."""
    invite = message("INVITE sip:b@y SIP/2.0", "INVITE", sdp="10.0.0.5")
    traces.on_message("in", invite, peer, "a")
    traces.opened(call)
    traces.on_message("out", message("SIP/2.0 200 OK", "INVITE", sdp="127.0.0.1"), peer, "a")
    traces.on_message("out", message("SIP/2.0 200 OK", "INVITE", sdp="127.0.0.1"), peer, "a")
    traces.note(call.call.uuid, "digit", {"digit": "5", "ms": 160, "kind": "rfc4733"})
