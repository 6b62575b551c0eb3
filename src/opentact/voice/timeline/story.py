"""The timeline of a call put together: what its records say, and what its trace kept.

Every moment has its time, its leg, a kind, a sentence for people, and its details for programs.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from opentact.kit.clock import stamp
from opentact.voice.calls import Call, CallFlowLog, Direction
from opentact.voice.recordings import Recording
from opentact.voice.transcripts import Transcript, TranscriptState

from .doctor import Finding, Patient, Told, examine
from .messages import sentence_of, summary_of
from .rows import Kept

_KINDS = {"rfc4733": "as a telephone event", "inband": "as a tone in the sound", "info": "by INFO"}
_MEDIA = {
    "latched": "The first sound of the other side came, from {from}",
    "rtp_timeout": "No RTP for {seconds:g} s: the call is ended for it",
    "record_failed": "A recording could not be written: {reason}",
    "media_gone": "The media engine is gone: {reason}",
}


@dataclass(frozen=True, slots=True)
class Moment:
    """One thing that happened."""

    at: datetime
    kind: str
    leg: str
    text: str
    detail: dict[str, Any] = field(default_factory=dict)

    def as_dict(self, began: datetime) -> dict[str, Any]:
        """Give it as JSON; `offset_ms` counts from the beginning of the call."""
        offset = round((self.at - began).total_seconds() * 1000)
        return {
            "at": stamp(self.at),
            "offset_ms": offset,
            "kind": self.kind,
            "leg": self.leg,
            "text": self.text,
            **self.detail,
        }


@dataclass(frozen=True, slots=True)
class Material:
    """What a timeline is made of: the legs' records, the one that began it first."""

    calls: Sequence[Call]
    logs: Sequence[CallFlowLog] = ()
    recordings: Sequence[Recording] = ()
    transcripts: Sequence[Transcript] = ()
    kept: Kept | None = None


def tell(material: Material, *, raw: bool = False) -> list[Moment]:
    """Put the moments in order; `raw` adds whole SIP messages to their summaries."""
    moments: list[Moment] = []
    for call in material.calls:
        moments += _of_record(call)
    moments += [_of_command(log) for log in material.logs]
    for recording in material.recordings:
        moments += _of_recording(recording)
    moments += [_of_transcript(each) for each in material.transcripts]
    if material.kept is not None:
        moments += _of_trace(material.kept, material.calls, raw=raw)
    moments += [fact for call in material.calls for fact in _of_media(call, moments)]
    return sorted(moments, key=lambda moment: moment.at)


def findings(material: Material) -> list[Finding]:
    """Ask the doctor about every leg."""
    return examine([_patient(call, material.kept) for call in material.calls])


def _patient(call: Call, kept: Kept | None) -> Patient:
    told = []
    for entry in kept.entries if kept else ():
        if entry["leg"] == str(call.uuid) and entry["kind"] in ("in", "out"):
            sdp = summary_of(entry["what"]).sdp
            if sdp is not None:
                told.append(Told(entry["kind"] == "out", sdp, entry["peer"] or ""))
    answered = call.answer_on is not None
    return Patient(str(call.uuid), call.cause, answered, call.media or {}, told)


def _of_record(call: Call) -> Iterator[Moment]:
    leg = str(call.uuid)

    def moment(at: datetime, kind: str, text: str, **detail: Any) -> Moment:
        return Moment(at, kind, leg, text, detail)

    incoming = call.direction is Direction.IN
    came = f" from {call.source}" if call.source and incoming else ""
    begins = "A call arrives" if incoming else "A leg goes out"
    init = call.init_on or call.created_on
    yield moment(init, "state", f"{begins}{came}: {call.from_} calls {call.to}", state="init")
    if call.refusal is not None:
        at = call.hangup_on or init
        yield moment(at, "rule", f"A rule refused it: {call.reason}", refusal=call.refusal)
    if call.ring_on is not None:
        yield moment(call.ring_on, "state", "It rings", state="ringing")
    if call.answer_on is not None:
        who = "We answered" if incoming else f"{call.to} answered"
        yield moment(call.answer_on, "state", who, state="live")
    if call.hangup_on is not None:
        yield _end_of(call, moment(call.hangup_on, "end", ""))
    if call.destroy_on is not None and (call.price or call.rate):
        yield moment(call.destroy_on, "money", _money(call), price=str(call.price))


def _end_of(call: Call, moment: Moment) -> Moment:
    blame = f"; to blame: {call.blame}" if call.blame not in (None, "nobody") else ""
    cause = f"Q.850 {call.q850_cause} {call.q850_cause_string}, SIP {call.sip_status}"
    text = f"It ended: {call.reason} ({call.cause}, {cause}{blame})"
    detail = {
        "cause": call.cause,
        "blame": call.blame,
        "reason": call.reason,
        "q850_cause": call.q850_cause,
        "sip_status": call.sip_status,
        "duration": call.duration,
    }
    return Moment(moment.at, "end", moment.leg, text, detail)


def _money(call: Call) -> str:
    if not call.price:
        return "Nothing was charged"
    seconds = f"{call.billed_seconds} s billed of {call.duration} s"
    return f"Charged ${call.price:.5f}: {seconds}, at ${call.rate:.5f} a minute"


def _of_command(log: CallFlowLog) -> Moment:
    line, path = log.command.get("line") or 0, log.command.get("path") or log.name
    reason = log.response.get("reason") or ""
    place = f"line {line}" if line else path
    failed = "" if log.success else " failed"
    text = f"<{log.name}> ({place}){failed}: {reason}"
    detail = {"verb": log.name, "line": line, "path": path, "success": log.success}
    return Moment(log.created_on, "flow", str(log.call_uuid), text, detail)


def _of_recording(recording: Recording) -> Iterator[Moment]:
    leg, named = str(recording.call_uuid), f" {recording.tag!r}" if recording.tag else ""
    detail = {"recording": str(recording.uuid), "state": "writing"}
    yield Moment(recording.created_on, "recording", leg, f"Recording{named} begins", detail)
    state = recording.state.value
    if state == "writing":
        return
    seconds = recording.duration / 1000
    words = f"stored, {seconds:.1f} s, ended by {recording.ended_by or 'its flow'}"
    if state == "failed":
        words = f"failed: {recording.reason}"
    detail = {"recording": str(recording.uuid), "state": state}
    yield Moment(recording.modified_on, "recording", leg, f"Recording{named} {words}", detail)


def _of_transcript(transcript: Transcript) -> Moment:
    """Say how far it is; what was said is for who may hear the recording, not for every link."""
    words = {
        TranscriptState.REQUESTED: "is to be put in words once the call is over",
        TranscriptState.STORED: f"was put in words, {len(transcript.text.split())} of them",
        TranscriptState.FAILED: f"could not be put in words: {transcript.reason}",
    }[transcript.state]
    state = transcript.state.value
    detail = {"recording": str(transcript.recording_uuid), "transcript": state}
    leg = str(transcript.call_uuid)
    return Moment(transcript.modified_on, "recording", leg, f"A recording {words}", detail)


def _of_trace(kept: Kept, calls: Sequence[Call], *, raw: bool) -> Iterator[Moment]:
    seen: set[tuple[str, str]] = set()
    for entry in kept.entries:
        at = datetime.fromtimestamp(entry["at"], UTC)
        kind, what = entry["kind"], entry["what"]
        if kind in ("in", "out"):
            again = (kind, what) in seen
            seen.add((kind, what))
            yield _of_message(at, entry, again=again, raw=raw)
            continue
        leg = _call_of(entry["leg"], at, calls)
        if kind == "digit":
            how = _KINDS.get(what["kind"], what["kind"])
            text = f"The key {what['digit']} was pressed, {how}, for {what['ms']} ms"
            yield Moment(at, "digit", leg, text, {"digit": what["digit"], "how": what["kind"]})
        elif kind == "web":
            yield Moment(at, "web", leg, _web(what), {"request": what})
        elif what.get("fact") in _MEDIA:
            yield Moment(at, "media", leg, _MEDIA[what["fact"]].format(**what), what)
    if kept.cut:
        text = f"{kept.cut} entries in the middle were left out: the call had too many"
        yield Moment(_last(kept), "note", "", text, {"cut": kept.cut})


def _call_of(leg: str, at: datetime, calls: Sequence[Call]) -> str:
    """Name the call that a leg is of.

    The sound of a Dial is opened before it is known who will answer: it is the leg that did.
    """
    if any(str(call.uuid) == leg for call in calls):
        return leg
    for call in calls:
        ended = call.destroy_on
        if call.parent_uuid and call.answer_on and (ended is None or at <= ended):
            return str(call.uuid)
    return leg


def _last(kept: Kept) -> datetime:
    return datetime.fromtimestamp(kept.entries[-1]["at"], UTC)


def _of_message(at: datetime, entry: dict[str, Any], *, again: bool, raw: bool) -> Moment:
    ours, peer = entry["kind"] == "out", entry["peer"] or "?"
    summary = summary_of(entry["what"])
    text = sentence_of(summary, ours=ours, peer=peer, again=again)
    detail: dict[str, Any] = {
        "direction": entry["kind"],
        "peer": peer,
        "name": summary.name,
        "start": summary.start,
        "headers": dict(summary.headers),
        "sdp": summary.sdp.as_dict() if summary.sdp else None,
        "repeated": again,
    }
    if raw:
        detail["raw"] = entry["what"]
    return Moment(at, "sip", entry["leg"], text, detail)


def _web(what: dict[str, Any]) -> str:
    asked = f"Asked {what['method']} {what['url']}"
    if "failed" in what:
        return f"{asked}: no answer we can use after {what['ms']} ms: {what['reason']}"
    kind = what.get("type") or "no type"
    return f"{asked}: {what['status']}, {kind}, {what['bytes']} bytes after {what['ms']} ms"


def _of_media(call: Call, moments: Sequence[Moment]) -> Iterator[Moment]:
    """Tell what the media engine noticed; its times count from its connection."""
    facts = (call.media or {}).get("facts") or ()
    base = call.answer_on or call.ring_on or call.init_on or call.created_on
    leg = str(call.uuid)
    latched = [m for m in moments if m.leg == leg and m.detail.get("fact") == "latched"]
    first = next((each["at"] for each in facts if each.get("kind") == "first_rtp"), None)
    seconds = base.timestamp()
    if latched and first is not None:
        seconds = latched[0].at.timestamp() - float(first)
    for each in facts:
        if each.get("kind") != "first_rtp" or not latched:
            at = datetime.fromtimestamp(seconds + float(each["at"]), UTC)
            text = f"Media: {str(each['kind']).replace('_', ' ')}: {each.get('detail', '')}"
            yield Moment(at, "media", leg, text, {"fact": each["kind"]})
    if call.destroy_on is not None and call.media:
        yield Moment(call.destroy_on, "media", leg, _heard(call.media), {"media": call.media})


def _heard(media: dict[str, Any]) -> str:
    got, sent, lost = (media.get(k, 0) for k in ("packets_received", "packets_sent", "lost"))
    words = f"Media: {got} packets heard, {sent} sent, {lost} lost"
    words += f", jitter {media.get('jitter_ms', 0):g} ms"
    mos = media.get("mos")
    return f"{words}, sounds like MOS {mos:g}" if mos is not None else words
