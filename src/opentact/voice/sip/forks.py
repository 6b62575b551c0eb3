"""Early dialogs of one INVITE: a proxy on the way may ring several (RFC 3261 12.1.2, 13.2.2).

Each has its own numbers and route set, and its own count of reliable provisional responses
(RFC 3262 section 4). The first that answers wins; the others are hung up by `outgoing`.
"""

from dataclasses import dataclass

from opentact.voice.sip.dialog import Dialog
from opentact.voice.sip.message import Response
from opentact.voice.sip.reliable import read_rseq

# Not more than a call can have honest forks.
MAX_FORKS = 16


@dataclass(slots=True)
class Fork:
    """One that rings. `heard` is the last RSeq taken; `answered`: its SDP came reliably."""

    dialog: Dialog
    heard: int | None = None
    answered: bool = False


class Forks:
    def __init__(self) -> None:
        self._by_tag: dict[str, Fork] = {}
        self.latest: Fork | None = None

    def __len__(self) -> int:
        return len(self._by_tag)

    def find(self, tag: str | None) -> Fork | None:
        return self._by_tag.get(tag) if tag else None

    def take(self, tag: str, make: Dialog) -> Fork | None:
        """Note a new one; None when there are too many."""
        if len(self._by_tag) >= MAX_FORKS:
            return None
        fork = self._by_tag[tag] = self.latest = Fork(make)
        return fork

    def clear(self) -> None:
        """Forget all: the INVITE was refused, or one of them answered."""
        self._by_tag.clear()
        self.latest = None


def is_reliable(response: Response) -> bool:
    """Tell whether a provisional response wants a PRACK."""
    return (
        "rseq" in response.headers
        and "require" in response.headers
        and "100rel" in response.each("require")
    )


def is_next(fork: Fork, response: Response) -> bool:
    """Take the number of a reliable response; False for a repeat, or one out of order."""
    number = read_rseq(response.first("rseq"))
    if number is None or (fork.heard is not None and number != fork.heard + 1):
        return False
    fork.heard = number
    return True
