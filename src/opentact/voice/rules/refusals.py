"""A call that a rule refuses: which rule, of which object, its limit, and what is there now.

The same refusal is the SIP Reason header (RFC 3326), the `refusal` member of the call record
and of its events, and an item of a quote's answer.
"""

import re
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from opentact.voice.causes import Cause

LONGEST_TEXT = 200  # characters of a header's text: a datagram carries more than this header
_UNPRINTABLE = re.compile(r"[^\x20-\x7e]")


@dataclass(frozen=True, slots=True)
class RuleObject:
    """What a rule belongs to: `kind` in the words of the API, such as `outbound_voice_profile`."""

    kind: str
    uuid: UUID | None = None
    name: str = ""

    def __str__(self) -> str:
        words = self.kind.replace("_", " ")
        return f'{words} "{self.name}"' if self.name else words


@dataclass(frozen=True, slots=True)
class RuleRefused:
    """A rule says no. `limit` and `present` are what is allowed and what there is, as text."""

    cause: Cause
    rule: str
    of: RuleObject
    limit: str
    present: str

    @property
    def object(self) -> str:
        """The kind of object the rule belongs to."""
        return self.of.kind

    @property
    def object_uuid(self) -> UUID | None:
        """The object the rule belongs to; None for what the platform itself rules."""
        return self.of.uuid

    @property
    def words(self) -> str:
        """The refusal in one sentence or two."""
        return (
            f"{self.cause.words} ({self.rule} of {self.of}: limit {self.limit}, now {self.present})"
        )

    @property
    def reason_header(self) -> str:
        """The value of the Reason header: Q.850 with the rule's facts as extensions (RFC 3326)."""
        parts = [f"Q.850;cause={self.cause.q850}", f"text={_quoted(self.words)}"]
        parts += [f"rule={self.rule}", f"object={self.of.kind}"]
        if self.of.uuid is not None:
            parts.append(f"object-uuid={self.of.uuid}")
        parts += [f"limit={_quoted(self.limit)}", f"present={_quoted(self.present)}"]
        return ";".join(parts)

    def as_dict(self) -> dict[str, Any]:
        """Write it for the call record, the event and the quote."""
        return {
            "cause": self.cause.name,
            "rule": self.rule,
            "object": self.of.kind,
            "object_uuid": None if self.of.uuid is None else str(self.of.uuid),
            "object_name": self.of.name or None,
            "limit": self.limit,
            "present": self.present,
            "message": self.words,
        }


def _quoted(text: str) -> str:
    """Write a quoted string that needs no escapes (RFC 3261 25.1), of bounded length."""
    plain = _UNPRINTABLE.sub("?", text).replace('"', "'").replace("\\", "/")
    return f'"{plain[:LONGEST_TEXT]}"'
