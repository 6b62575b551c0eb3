"""One client's websocket: who it is, what it was sent, and what it is to be sent next (spec/08).

Theory of operation
-------------------
There is no socket here, no database and no clock. The caller says what happened, and when; it
asks `next_effect` for the one next thing to do, does it, and says how it went. One thing at a
time: a client that reads slowly holds up nobody but itself.

What the bus tells is a hint, the log is the truth. `position` is the last event dealt with. The
live event right after it goes out as it came. Any other that is further on means that two commits
were told out of order, or that our queue was full: then the log is read from `position`. So
whatever the bus does, each event goes out once, and in order.
"""

from collections import deque
from collections.abc import Callable
from enum import Enum, auto
from typing import Any
from uuid import UUID

import orjson

from .log import Logged
from .subscriptions import Wanted
from .websocket_effects import Authenticate, Close, Effect, ReadLog, Refresh, Send, Welcome

AUTH_S = 10.0  # to authenticate in (spec/11 D-17)
STALLED_S = 10.0  # a frame that is not taken for so long means a reader that is too slow
REFRESH_S = 15.0  # a token that ended, or a user who was deactivated, loses the socket by then
MOST_LIVE = 256  # frames kept for a slow reader; beyond, the log keeps them
MOST_BEHIND = 10_000  # events a reader that was up to date may fall back
MOST_ANSWERS = 32  # answers that wait for a client that asks and does not read
MOST_MISTAKES = 10
MOST_TEXT = 16 * 1024  # characters of a client's frame; a JWT has a few hundred
NORMAL, UNSUPPORTED, TOO_BIG, OUR_FAULT = 1000, 1003, 1009, 1011
BAD_FRAMES, NOT_AUTHENTICATED, TOO_SLOW = 4400, 4401, 4408


class State(Enum):
    """Where the conversation is."""

    WAITING = auto()  # for the auth frame
    ASKING = auto()  # who this is
    LIVE = auto()
    CLOSING = auto()


class WebsocketSession:
    """The server's side of one websocket."""

    def __init__(self, now: float, *, spell: Callable[[str], str] = lambda frame: frame) -> None:
        """`spell` writes a frame in the dialect that the client asked for (spec/11 E4)."""
        self.state = State.WAITING
        self.position = 0
        self.user: UUID | None = None
        self.frames_sent = 0
        self.is_cut = False  # a frame that is being sent is to be given up
        self._spell = spell
        self._token = ""
        self._wanted = Wanted()
        self._head = 0
        self._was_up_to_date = False
        self._answers: deque[Effect] = deque()
        self._pings: deque[int] = deque()  # each with the head when it came
        self._page: deque[Logged] = deque()
        self._live: deque[Logged] = deque()
        self._mistakes = 0
        self._auth_until: float | None = now + AUTH_S
        self._refresh_at: float | None = None
        self._sending_until: float | None = None

    def __repr__(self) -> str:
        return (
            f"<WebsocketSession {self.state.name} user={self.user} "
            f"position={self.position} of {self._head}>"
        )

    @property
    def wake_at(self) -> float | None:
        """When `woken` wants to be called, if nothing happens before."""
        times = (self._auth_until, self._refresh_at, self._sending_until)
        return min((at for at in times if at is not None), default=None)

    def next_effect(self, now: float) -> Effect | None:
        """Tell the one next thing to do; None: nothing until something happens."""
        effect = self._answers.popleft() if self._answers else self._next_event()
        if isinstance(effect, Send):
            self._sending_until = now + STALLED_S
        return effect

    # What happened

    def received(self, message: str | bytes) -> None:
        """Take a frame of the client's."""
        if self.state is State.CLOSING:
            return
        if isinstance(message, bytes):
            self._close(UNSUPPORTED, "Frames are JSON text")
        elif len(message) > MOST_TEXT:
            self._close(TOO_BIG, f"A frame has up to {MOST_TEXT} characters")
        elif len(self._answers) + len(self._pings) >= MOST_ANSWERS:
            self._close(TOO_SLOW, "Too many frames without reading the answers")
        else:
            self._read_frame(message)

    def authenticated(self, welcome: Welcome, now: float) -> None:
        """Hear who the client is."""
        if self.state is State.CLOSING:
            return
        if self.user is not None and welcome.user != self.user:
            self.refused("This connection belongs to another user")
            return
        if self.user is None:
            self.position = welcome.position
            self._head = max(self._head, welcome.head)
        self.state, self.user = State.LIVE, welcome.user
        self._auth_until = None
        self._answers.append(Send(welcome.frame))
        self._hold(welcome.wanted, welcome.fresh_s, now)

    def refused(self, message: str) -> None:
        """Hear that the token is no good."""
        if self.state is not State.CLOSING:
            self._close(NOT_AUTHENTICATED, message, _failure("auth", message))

    def refreshed(self, wanted: Wanted | None, fresh_s: float | None, now: float) -> None:
        """Hear what is wanted now; None: the token is no longer good."""
        if self.state is State.CLOSING:
            return
        if wanted is None:
            self.refused("The token has ended, or its user was deactivated")
        else:
            self._hold(wanted, fresh_s, now)

    def published(self, event: Logged) -> None:
        """Hear of a stored event of the account, in whatever order, once or more often."""
        self._head = max(self._head, event.position)
        if len(self._live) < MOST_LIVE:
            self._live.append(event)

    def changed(self) -> None:
        """Hear that who may hear what has changed."""
        refresh = Refresh(self._token)
        if self.state in {State.ASKING, State.LIVE} and refresh not in self._answers:
            self._answers.append(refresh)

    def read(self, events: list[Logged]) -> None:
        """Hear what the log has after the position that was asked for."""
        if self.state is State.CLOSING:
            return
        self._page.extend(events)
        if not events:
            # What lies between was forgotten by retention since.
            self.position = max(self.position, self._live_before())

    def sent(self) -> None:
        """Hear that the frame was taken."""
        self._sending_until = None
        self.frames_sent += 1

    def woken(self, now: float) -> None:
        """Hear that `wake_at` has come."""
        if self._sending_until is not None and self._sending_until <= now:
            self._close(TOO_SLOW, "You read too slowly; connect again with `after`")
            self._sending_until, self.is_cut = None, True
        elif self._auth_until is not None and self._auth_until <= now:
            self.refused(f"No auth frame within {AUTH_S:g} seconds")
        elif self._refresh_at is not None and self._refresh_at <= now:
            self._refresh_at = None
            self.changed()

    # What follows

    def _next_event(self) -> Effect | None:
        while self.state is State.LIVE:
            if self._pings and self._pings[0] <= self.position:
                self._pings.popleft()
                return Send('{"type":"pong"}')  # behind every event that was before the ping
            event = self._next_in_order()
            if event is None:
                break
            self.position = event.position
            if self._wanted.allows(event):
                return Send(self._spell(event.frame))
        if self.state is not State.LIVE:
            return None
        if self._head <= self.position:
            self._was_up_to_date = True
            return None
        if self._was_up_to_date and self._head - self.position > MOST_BEHIND:
            self._close(TOO_SLOW, f"More than {MOST_BEHIND} events behind")
            return self._answers.popleft()
        return ReadLog(self.position)

    def _next_in_order(self) -> Logged | None:
        for queue in (self._page, self._live):
            while queue and queue[0].position <= self.position:
                queue.popleft()
        if self._page:
            return self._page.popleft()
        if self._live and self._live[0].position == self.position + 1:
            return self._live.popleft()
        return None

    def _live_before(self) -> int:
        """Tell the position right before the next live event; the head when none waits."""
        return min((event.position for event in self._live), default=self._head + 1) - 1

    def _read_frame(self, text: str) -> None:
        frame = _parsed(text)
        kind = frame.get("type") if frame is not None else None
        if frame is None or not isinstance(kind, str):
            self._mistake('A frame is a JSON object such as {"type": "auth", "payload": "<token>"}')
        elif kind == "ping" and self.state is State.LIVE:
            self._pings.append(self._head)
        elif kind != "auth":
            self._mistake(f"Unknown type: {kind[:50]}")
        else:
            self._read_auth(frame)

    def _read_auth(self, frame: dict[str, Any]) -> None:
        token, after = frame.get("payload"), frame.get("after")
        if not isinstance(token, str) or not token.strip():
            self.refused("`payload` must be a JWT or an API token")
            return
        try:
            cursor = UUID(after) if after else None
        except (ValueError, AttributeError, TypeError):
            self.refused("`after` must be the uuid of an event")
            return
        if self.state is State.ASKING:
            return
        if self.state is State.WAITING:
            self.state = State.ASKING
        self._token = token.strip()
        self._answers.append(Authenticate(self._token, cursor))

    def _mistake(self, message: str) -> None:
        if self.state is not State.LIVE:
            self.refused(message)
            return
        self._mistakes += 1
        if self._mistakes >= MOST_MISTAKES:
            self._close(BAD_FRAMES, "Too many frames that make no sense")
        else:
            self._answers.append(Send(_failure("error", message)))

    def _hold(self, wanted: Wanted, fresh_s: float | None, now: float) -> None:
        self._wanted = wanted
        self._refresh_at = now + min(REFRESH_S, REFRESH_S if fresh_s is None else fresh_s)

    def _close(self, code: int, reason: str, last_words: str | None = None) -> None:
        self.state = State.CLOSING
        self._auth_until = self._refresh_at = None
        self._pings.clear()
        self._page.clear()
        self._live.clear()
        self._answers.clear()
        if last_words is not None:
            self._answers.append(Send(last_words))
        self._answers.append(Close(code, reason))


def _parsed(text: str) -> dict[str, Any] | None:
    try:
        frame = orjson.loads(text)
    except ValueError:
        return None
    return frame if isinstance(frame, dict) else None


def _failure(type_: str, message: str) -> str:
    said = {"type": type_, "success": False, "message": message, "payload": None}
    return orjson.dumps(said).decode()
