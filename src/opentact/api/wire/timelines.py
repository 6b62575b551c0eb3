"""The timeline of a call as the wire spells it."""

from typing import Any

from typing_extensions import TypedDict

from opentact.kit.clock import stamp
from opentact.voice.timeline.story import Material, findings, tell


class FindingOut(TypedDict):
    """What the audio doctor found, and the one setting to change."""

    code: str
    leg: str
    text: str
    setting: str
    where: str


class TimelineOut(TypedDict):
    """A call from its beginning, all its legs. `complete` is false while any of them lives."""

    call: str
    legs: list[dict[str, Any]]
    began_on: str
    complete: bool
    cause: str | None
    blame: str | None
    reason: str | None
    findings: list[FindingOut]
    moments: list[dict[str, Any]]


def timeline_out(material: Material, *, raw: bool = False) -> TimelineOut:
    """Write the timeline of these legs, the first of which began the call."""
    first = material.calls[0]
    moments = tell(material, raw=raw)
    began = min((moment.at for moment in moments), default=first.created_on)
    return {
        "call": str(first.uuid),
        "legs": [
            {
                "uuid": str(call.uuid),
                "direction": call.direction.value,
                "from": call.from_,
                "to": call.to,
                "state": call.state.value,
                "cause": call.cause,
                "blame": call.blame,
                "reason": call.reason,
            }
            for call in material.calls
        ],
        "began_on": stamp(began),
        "complete": all(call.destroy_on is not None for call in material.calls),
        "cause": first.cause,
        "blame": first.blame,
        "reason": first.reason,
        "findings": findings_out(material),
        "moments": [moment.as_dict(began) for moment in moments],
    }


def findings_out(material: Material) -> list[FindingOut]:
    """Write what the doctor finds."""
    return [
        FindingOut(code=f.code, leg=f.leg, text=f.text, setting=f.setting, where=f.where)
        for f in findings(material)
    ]
