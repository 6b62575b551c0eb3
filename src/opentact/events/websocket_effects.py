"""What a websocket session asks its caller to do, and what it hears of a client it welcomes."""

from dataclasses import dataclass
from uuid import UUID

from .subscriptions import Wanted

PAGE = 100  # events read from the log at once


@dataclass(frozen=True, slots=True)
class Authenticate:
    """Find out who this is and where to begin; answer with `authenticated` or `refused`."""

    token: str
    after: UUID | None


@dataclass(frozen=True, slots=True)
class Refresh:
    """Find out whether the token is still good and what is wanted now; answer `refreshed`."""

    token: str


@dataclass(frozen=True, slots=True)
class ReadLog:
    """Read up to `take` events that follow position `after`; answer with `read`."""

    after: int
    take: int = PAGE


@dataclass(frozen=True, slots=True)
class Send:
    """Put this text on the wire; answer with `sent` once it is taken."""

    text: str


@dataclass(frozen=True, slots=True)
class Close:
    """Close the websocket; nothing follows."""

    code: int
    reason: str


Effect = Authenticate | Refresh | ReadLog | Send | Close


@dataclass(frozen=True, slots=True)
class Welcome:
    """A client that was recognised.

    `frame` is the success frame. Events after `position` are due; `head` is the last position
    there was when the client began to listen. `fresh_s` are the seconds `wanted` holds.
    """

    user: UUID
    frame: str
    position: int
    head: int
    wanted: Wanted
    fresh_s: float | None = None
