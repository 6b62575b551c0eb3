"""What may be written: the attributes, text and children of each element, as data.

One table per element serves the reader, its error messages and the reference in the docs.
"""

from dataclasses import dataclass
from enum import Enum
from typing import Final, Generic, TypeVar

from .kinds import Kind, OneOf, Text, Whole

T_co = TypeVar("T_co", covariant=True)

# What may stand wherever commands stand. `Error` is there the block of the command before it.
FLOW: Final = (
    *("Answer", "Say", "Play", "Pause", "Gather", "Record", "RecordStart", "RecordStop"),
    *("RecordWait", "Dial", "Callback", "Curl", "Call", "Schedule", "Geo", "Meta", "Tone"),
    *("Hold", "Unhold", "Reject", "Redirect", "Hangup", "Error"),
)
PROMPTS: Final = ("Say", "Play", "Pause")


class Missing(Enum):
    """Stands where a default would, for an attribute that must be given."""

    REQUIRED = "required"


REQUIRED: Final = Missing.REQUIRED


@dataclass(frozen=True)  # no slots: `Attribute[int | None](...)` cannot be made of such
class Attribute(Generic[T_co]):
    """One attribute: its name, what it holds, its value when absent, and what it means."""

    name: str
    kind: Kind[T_co]
    default: T_co | Missing
    says: str
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Grammar:
    """What one element may carry."""

    name: str
    attributes: tuple[Attribute[object], ...] = ()
    text: Attribute[object] | None = None  # the attribute that text may stand for (spec/11 X10)
    children: tuple[str, ...] = ()
    once: tuple[str, ...] = ()  # children of which there may be one only
    example: str
    aliases: tuple[str, ...] = ()

    @property
    def is_flow(self) -> bool:
        """Whether commands stand in it, to be run in order."""
        return self.children == FLOW

    def find(self, name: str) -> Attribute[object] | None:
        """Find an attribute by its name or an alias."""
        for attribute in (*self.attributes, TAG):
            if name == attribute.name or name in attribute.aliases:
                return attribute
        return None


TAG: Final = Attribute[str | None](
    "tag", Text("a name of at most 255 characters", most=255), None, "echoed in events"
)
LEG: Final = Attribute(
    "leg", OneOf(("aleg", "bleg", "both")), "aleg", "who hears it: caller, callee or both"
)
# 100 repeats of even a short sentence outlast a caller's patience; it stops a forever by slip.
LOOP: Final = Attribute("loop", Whole(1, 100), 1, "how many times")
