"""The shapes of calls, their logs and their recordings on the wire, as the API documents them."""

from typing import Any, NotRequired

from typing_extensions import TypedDict

# `from` is a keyword, so no class can name it.
_CallEnds = TypedDict("_CallEnds", {"from": str, "to": str}, total=False)


class CallOut(_CallEnds, total=False):
    """A call. In an event it has only the time of the state that the event tells."""

    uuid: str
    type: str
    direction: str
    state: str
    state_end: None
    duration: int
    created_on: str
    modified_on: str
    init_on: str | None
    ring_on: str | None
    answer_on: str | None
    hangup_on: str | None
    destroy_on: str | None
    finished_on: str | None
    q850_cause: int | None
    q850_cause_string: str | None
    sip_status: int | None
    cause: str | None
    blame: str | None
    reason: str | None
    refusal: dict[str, Any] | None
    release_cause_from_protocol_stack: None
    freeswitch_call_state: str
    freeswitch_channel_state: str
    stir_shaken_attest_level: None
    stir_shaken_identity: None
    source: str | None
    sip_call_id: str | None
    thread: str
    parent: dict[str, Any] | None
    peer: str | None
    sip_user: dict[str, str] | None
    tn: "CallTnOut | None"
    sip_control_app: dict[str, Any] | None
    account: dict[str, Any]
    rate: float
    rate_initial: int
    rate_increment: int
    connect_fee: float
    price: float
    billed_seconds: int
    billable_sec: int
    media: dict[str, Any]
    meta: dict[str, Any]
    logs: list[Any]
    records: list[Any]
    debug_url: str | None
    findings: list[dict[str, str]]


class CallTnOut(TypedDict):
    """The number that was called."""

    tn: int


class FlowLogOut(TypedDict):
    """One command that ran."""

    uuid: str
    created_on: str
    modified_on: str
    success: bool
    name: str
    command: dict[str, Any]
    response: dict[str, Any]
    call: str
    sip_control_app: str | None


class SegmentOut(TypedDict):
    """What somebody said in one go; seconds from the beginning, `confidence` from 0 to 1."""

    start: float
    end: float
    text: str
    confidence: float
    channel: int


class TranscriptOut(TypedDict):
    """What was said in a recording. `state` is requested, stored or failed for the `reason`."""

    state: str
    language: str | None
    text: str
    segments: list[SegmentOut]
    reason: str | None


class RecordingOut(TypedDict):
    """A recording; `url` works without credentials until it expires.

    `transcript` is null unless it was asked for; events of recordings do not have it.
    """

    uuid: str
    created_on: str
    modified_on: str
    call: str
    state: str
    tag: str | None
    url: str | None
    format: str
    duration: int
    size: int
    channels: int
    ended_by: str | None
    reason: str | None
    transcript: NotRequired[TranscriptOut | None]
