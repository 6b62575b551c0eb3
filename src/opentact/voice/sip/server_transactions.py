"""Server transactions: RFC 3261 section 17.2, with the ACCEPTED state of RFC 6026.

They absorb repeats of a request by sending the last response again, and repeat the refusal of
an INVITE until its ACK. A 2xx is not repeated here: it belongs to the call (RFC 3261 13.3.1.4).
"""

from opentact.voice.sip.machine import (
    T1,
    T2,
    T4,
    TIMEOUT,
    Action,
    Address,
    GaveUp,
    Input,
    Machine,
    Send,
    State,
    Table,
    grade,
)

INVITE_TABLE: Table = {
    (State.PROCEEDING, Input.REQUEST): (State.PROCEEDING, Action.RESEND),
    (State.PROCEEDING, Input.PROVISIONAL): (State.PROCEEDING, Action.SEND),
    (State.PROCEEDING, Input.SUCCESS): (State.ACCEPTED, Action.SEND),
    (State.PROCEEDING, Input.FAILURE): (State.COMPLETED, Action.SEND),
    (State.ACCEPTED, Input.SUCCESS): (State.ACCEPTED, Action.SEND),
    (State.ACCEPTED, Input.LINGER_TIMER): (State.TERMINATED, Action.NOTHING),
    (State.COMPLETED, Input.REQUEST): (State.COMPLETED, Action.RESEND),
    (State.COMPLETED, Input.RESEND_TIMER): (State.COMPLETED, Action.RESEND),
    (State.COMPLETED, Input.TIMEOUT_TIMER): (State.TERMINATED, Action.GIVE_UP),
    (State.COMPLETED, Input.ACK): (State.CONFIRMED, Action.NOTHING),
    (State.CONFIRMED, Input.LINGER_TIMER): (State.TERMINATED, Action.NOTHING),
}

OTHER_TABLE: Table = {
    (State.TRYING, Input.PROVISIONAL): (State.PROCEEDING, Action.SEND),
    (State.TRYING, Input.SUCCESS): (State.COMPLETED, Action.SEND),
    (State.TRYING, Input.FAILURE): (State.COMPLETED, Action.SEND),
    (State.PROCEEDING, Input.REQUEST): (State.PROCEEDING, Action.RESEND),
    (State.PROCEEDING, Input.PROVISIONAL): (State.PROCEEDING, Action.SEND),
    (State.PROCEEDING, Input.SUCCESS): (State.COMPLETED, Action.SEND),
    (State.PROCEEDING, Input.FAILURE): (State.COMPLETED, Action.SEND),
    (State.COMPLETED, Input.REQUEST): (State.COMPLETED, Action.RESEND),
    (State.COMPLETED, Input.LINGER_TIMER): (State.TERMINATED, Action.NOTHING),
}

ServerEffect = Send | GaveUp
"""Put on the wire; tell the user that nobody acknowledged the refusal."""


class ServerTransaction(Machine):
    """A request of theirs, until its repeats can no longer arrive."""

    __slots__ = ("_last", "_pause")

    def __init__(self, method: str, peer: Address, state: State) -> None:
        super().__init__(method, peer, state)
        self._last = b""
        self._pause = T1

    def repeated(self, now: float) -> list[ServerEffect]:
        """Take the same request once more."""
        return self._do(self.move(Input.REQUEST, now), now)

    def acked(self, now: float) -> list[ServerEffect]:
        """Take the ACK of a refusal."""
        return self._do(self.move(Input.ACK, now), now)

    def respond(self, status: int, data: bytes, now: float) -> list[ServerEffect]:
        """Answer with this response; absorbed when a final one went before."""
        return self._do(self.move(grade(status), now), now, data)

    def woken(self, now: float) -> list[ServerEffect]:
        effects: list[ServerEffect] = []
        while (timer := self.due_timer(now)) is not None:
            what, due = timer
            by_timer = what is Input.RESEND_TIMER
            effects += self._do(self.move(what, due), due, by_timer=by_timer)
        return effects

    def _do(
        self, action: Action, now: float, data: bytes = b"", *, by_timer: bool = False
    ) -> list[ServerEffect]:
        if action is Action.SEND:
            self._last = data
            return [Send(data)]
        if action is Action.RESEND and self._last:
            if by_timer:
                self._pause = min(self._pause * 2, T2)
                self._due[Input.RESEND_TIMER] = now + self._pause
            return [Send(self._last, repeat=True)]
        return [GaveUp()] if action is Action.GIVE_UP else []


class ServerInvite(ServerTransaction):
    table = INVITE_TABLE
    __slots__ = ()

    def __init__(self, peer: Address) -> None:
        super().__init__("INVITE", peer, State.PROCEEDING)

    def _timers(self, now: float) -> dict[Input, float]:
        match self.state:
            case State.ACCEPTED:
                return {Input.LINGER_TIMER: now + TIMEOUT}
            case State.COMPLETED:
                return self._resending(now, T1, now + TIMEOUT)
            case State.CONFIRMED:
                return self._lingering(now, T4)
            case _:
                return {}


class ServerOther(ServerTransaction):
    table = OTHER_TABLE
    __slots__ = ()

    def __init__(self, method: str, peer: Address) -> None:
        super().__init__(method, peer, State.TRYING)

    def _timers(self, now: float) -> dict[Input, float]:
        return self._lingering(now, TIMEOUT) if self.state is State.COMPLETED else {}
