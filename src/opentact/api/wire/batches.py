"""Batches as the wire spells them (spec/07, spec/11 D-11)."""

from datetime import datetime
from typing import Any
from uuid import UUID

from typing_extensions import TypedDict

from opentact.events.log import Draft
from opentact.kit.clock import stamp
from opentact.voice.batches import Batch, BatchChanged, BatchNumber

from .events import frame, render


class BatchCounts(TypedDict):
    """How far a batch is, in numbers."""

    uuid: str
    created_on: str
    modified_on: str
    finished_on: str | None
    type: str
    state: str
    total: int
    success: int
    processing: int
    failed: int
    cancelled: int


_From = TypedDict("_From", {"from": str | None}, total=False)


class BatchOut(BatchCounts, _From, total=False):
    """A batch. `phones` and the flow are shown of a single one.

    `from` is the number that is shown; `tn_lease` the hold on it, null if it was verified.
    """

    outbound_voice_profile: Any
    tn_lease: Any
    phones: list[int]
    xml: str | None
    call_flow_url: str | None
    sip_control_app: str | None
    timeout: int
    max_duration: int | None
    created_by: Any


class BatchNumberOut(TypedDict):
    """What came of one number. `call` is the uuid of its call's record."""

    phone: int
    state: str
    call: str | None
    cause: str | None
    reason: str | None
    ended_on: str | None


def batch_counts(batch: Batch) -> BatchCounts:
    """Write how far a batch is."""
    return {
        "uuid": str(batch.uuid),
        "created_on": stamp(batch.created_on),
        "modified_on": stamp(batch.modified_on),
        "finished_on": _moment(batch.finished_on),
        "type": batch.type,
        "state": batch.state.value,
        "total": batch.total,
        "success": batch.success,
        "processing": batch.processing,
        "failed": batch.failed,
        "cancelled": batch.cancelled,
    }


def batch_out(
    batch: Batch, profile: Any, lease: Any, created_by: Any, phones: list[int] | None = None
) -> BatchOut:
    """Write a batch."""
    out: Any = {
        **batch_counts(batch),
        "outbound_voice_profile": profile,
        "tn_lease": lease,
        "from": f"+{batch.caller}" if batch.caller else None,
        "xml": batch.xml,
        "call_flow_url": batch.call_flow_url,
        "sip_control_app": str(batch.app_uuid) if batch.app_uuid else None,
        "timeout": batch.ring_s,
        "max_duration": batch.max_s,
        "created_by": created_by,
    }
    if phones is not None:
        out["phones"] = phones
    shown: BatchOut = out
    return shown


def batch_number_out(number: BatchNumber) -> BatchNumberOut:
    """Write what came of a number."""
    return {
        "phone": number.phone,
        "state": number.state.value,
        "call": str(number.call_uuid) if number.call_uuid else None,
        "cause": number.cause,
        "reason": number.reason,
        "ended_on": _moment(number.ended_on),
    }


def _moment(value: datetime | None) -> str | None:
    return stamp(value) if value else None


@render.register
def _(happened: BatchChanged, uuid: UUID, at: datetime) -> Draft:
    batch = happened.batch
    done = batch.total - batch.processing
    words = f"Batch {batch.uuid}: {batch.state.value}, {done} of {batch.total} numbers done"
    return frame("batch", uuid, at, words, batch_counts(batch), happened.account, ref_id=batch.uuid)
