"""Whom an endpoint asks before it listens, and tells of what cannot be read."""

from collections.abc import Iterable
from typing import Protocol

from opentact.voice.sip.agent import FROM_ELSEWHERE
from opentact.voice.sip.effects import Dropped, Effect, Transmit
from opentact.voice.sip.machine import Address

_UNREADABLE = b"SIP/2.0 400 "


class Gate(Protocol):
    """Decides from memory who is heard (voice/gatekeeper.py)."""

    def lets_in(self, data: bytes, source: Address) -> bool:
        """Tell whether this message is to be looked at at all."""

    def is_banned(self, host: str) -> bool:
        """Tell whether connections with this host are to be closed."""

    def are_one(self, one: Address, other: Address, /) -> bool:
        """Tell whether these addresses, of different hosts, are one peer's."""

    def suspect(self, source: Address, what: str, detail: str, /) -> None:
        """Hear of something suspicious: from where, a word for what, and its detail."""


class OpenGate:
    """Lets everybody in."""

    def lets_in(self, data: bytes, source: Address) -> bool:
        del data, source
        return True

    def is_banned(self, host: str) -> bool:
        del host
        return False

    def are_one(self, one: Address, other: Address, /) -> bool:
        del one, other
        return False

    def suspect(self, source: Address, what: str, detail: str, /) -> None:
        """Nobody is suspected."""


def tell_of_garbage(gate: Gate, effects: Iterable[Effect], source: Address) -> None:
    """Tell the gate when what came from `source` cannot be read, or is of another's call."""
    for effect in effects:
        if isinstance(effect, Dropped):
            if effect.reason == "malformed":
                gate.suspect(source, "malformed", "")
            elif effect.reason == FROM_ELSEWHERE:
                gate.suspect(source, "foreign_call", "")
        elif isinstance(effect, Transmit) and effect.data.startswith(_UNREADABLE):
            gate.suspect(source, "malformed", "refused with 400")
