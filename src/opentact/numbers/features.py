"""What a number can do, and what is switched on for it (spec/03; spec/11 B11)."""

from collections.abc import Iterable
from enum import StrEnum


class Feature(StrEnum):
    """A feature of a number. Only voice and sms do anything; the others are kept and echoed."""

    VOICE = "voice"
    SMS = "sms"
    MMS = "mms"
    FAX = "fax"
    EMERGENCY = "emergency"


WORKING = (Feature.VOICE, Feature.SMS)
_BITS = {feature: 1 << place for place, feature in enumerate(Feature)}


def to_bits(features: Iterable[Feature]) -> int:
    """Pack features into an integer, as the inventory keeps them."""
    return sum(_BITS[feature] for feature in set(features))


def from_bits(bits: int) -> list[Feature]:
    """Unpack features, in the order of their definition."""
    return [feature for feature, bit in _BITS.items() if bits & bit]
