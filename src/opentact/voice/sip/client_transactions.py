"""Client transactions: RFC 3261 section 17.1, with the ACCEPTED state of RFC 6026.

They repeat a request until something answers, ACK refusals of an INVITE, and hand each
response up once. PROCEEDING of an INVITE has no end of its own (there is no timer C in a user
agent): whoever asked either waits or cancels, and `expect_end` bounds the wait after that.
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
from opentact.voice.sip.message import Response, encode

# RFC 3261 17.1.1.2: "at least 32 seconds" on UDP.
LINGER_AFTER_REFUSAL = 32.0

INVITE_TABLE: Table = {
    (State.CALLING, Input.RESEND_TIMER): (State.CALLING, Action.RESEND),
    (State.CALLING, Input.TIMEOUT_TIMER): (State.TERMINATED, Action.GIVE_UP),
    (State.CALLING, Input.PROVISIONAL): (State.PROCEEDING, Action.PASS),
    (State.CALLING, Input.SUCCESS): (State.ACCEPTED, Action.PASS),
    (State.CALLING, Input.FAILURE): (State.COMPLETED, Action.ACK_AND_PASS),
    (State.PROCEEDING, Input.PROVISIONAL): (State.PROCEEDING, Action.PASS),
    (State.PROCEEDING, Input.SUCCESS): (State.ACCEPTED, Action.PASS),
    (State.PROCEEDING, Input.FAILURE): (State.COMPLETED, Action.ACK_AND_PASS),
    (State.PROCEEDING, Input.TIMEOUT_TIMER): (State.TERMINATED, Action.GIVE_UP),
    (State.ACCEPTED, Input.SUCCESS): (State.ACCEPTED, Action.PASS),
    (State.ACCEPTED, Input.LINGER_TIMER): (State.TERMINATED, Action.NOTHING),
    (State.COMPLETED, Input.FAILURE): (State.COMPLETED, Action.ACK),
    (State.COMPLETED, Input.LINGER_TIMER): (State.TERMINATED, Action.NOTHING),
}

OTHER_TABLE: Table = {
    (State.TRYING, Input.RESEND_TIMER): (State.TRYING, Action.RESEND),
    (State.TRYING, Input.TIMEOUT_TIMER): (State.TERMINATED, Action.GIVE_UP),
    (State.TRYING, Input.PROVISIONAL): (State.PROCEEDING, Action.PASS),
    (State.TRYING, Input.SUCCESS): (State.COMPLETED, Action.PASS),
    (State.TRYING, Input.FAILURE): (State.COMPLETED, Action.PASS),
    (State.PROCEEDING, Input.RESEND_TIMER): (State.PROCEEDING, Action.RESEND),
    (State.PROCEEDING, Input.TIMEOUT_TIMER): (State.TERMINATED, Action.GIVE_UP),
    (State.PROCEEDING, Input.PROVISIONAL): (State.PROCEEDING, Action.PASS),
    (State.PROCEEDING, Input.SUCCESS): (State.COMPLETED, Action.PASS),
    (State.PROCEEDING, Input.FAILURE): (State.COMPLETED, Action.PASS),
    (State.COMPLETED, Input.LINGER_TIMER): (State.TERMINATED, Action.NOTHING),
}

ClientEffect = Send | Response | GaveUp
"""Put on the wire; hand to the user; tell the user that nobody answered."""


class ClientTransaction(Machine):
    """A request of ours, until it is answered for good. `data` is the request as sent.

    `cut_off`: it went out twice, as its connection broke.
    """

    __slots__ = ("_pause", "cut_off", "data")

    def __init__(self, method: str, data: bytes, peer: Address, state: State) -> None:
        super().__init__(method, peer, state)
        self.data = data
        self.cut_off = False
        self._pause = T1

    def start(self, now: float) -> list[ClientEffect]:
        self._due = self._timers(now)
        return [Send(self.data)]

    def received(self, response: Response, now: float) -> list[ClientEffect]:
        return self._do(self.move(grade(response.status), now), now, response)

    def woken(self, now: float) -> list[ClientEffect]:
        effects: list[ClientEffect] = []
        while (timer := self.due_timer(now)) is not None:
            what, due = timer
            effects += self._do(self.move(what, due), due, None)
        return effects

    def _do(self, action: Action, now: float, response: Response | None) -> list[ClientEffect]:
        effects: list[ClientEffect] = []
        if action is Action.RESEND:
            self._pause = self._next_pause()
            self._due[Input.RESEND_TIMER] = now + self._pause
            effects.append(Send(self.data, repeat=True))
        elif action is Action.GIVE_UP:
            effects.append(GaveUp())
        elif response is not None:
            if action in (Action.ACK, Action.ACK_AND_PASS):
                effects.append(Send(self._ack(response), repeat=action is Action.ACK))
            if action in (Action.PASS, Action.ACK_AND_PASS):
                effects.append(response)
        return effects

    def _next_pause(self) -> float:
        raise NotImplementedError

    def _ack(self, response: Response) -> bytes:
        raise NotImplementedError


class ClientInvite(ClientTransaction):
    """`ack_head` is what the ACK of a refusal copies: its URI, and its lines without To."""

    table = INVITE_TABLE
    __slots__ = ("_ack_lines", "_uri")

    def __init__(
        self, data: bytes, peer: Address, *, uri: str, ack_lines: list[tuple[str, str]]
    ) -> None:
        super().__init__("INVITE", data, peer, State.CALLING)
        self._uri = uri
        self._ack_lines = ack_lines

    def expect_end(self, now: float) -> None:
        """After a CANCEL: wait no longer than 64*T1 for the final answer (RFC 3261 9.1)."""
        if self.state is State.PROCEEDING:
            self._due[Input.TIMEOUT_TIMER] = now + TIMEOUT

    def _timers(self, now: float) -> dict[Input, float]:
        match self.state:
            case State.CALLING:
                return self._resending(now, T1, now + TIMEOUT)
            case State.ACCEPTED:
                return {Input.LINGER_TIMER: now + TIMEOUT}
            case State.COMPLETED:
                return self._lingering(now, LINGER_AFTER_REFUSAL)
            case _:
                return {}

    def _next_pause(self) -> float:
        return self._pause * 2

    def _ack(self, response: Response) -> bytes:
        """RFC 3261 17.1.1.3: the INVITE's own lines, but the To of the response."""
        to = response.first("to") or ""
        return encode(f"ACK {self._uri} SIP/2.0", [*self._ack_lines, ("to", to)])


class ClientOther(ClientTransaction):
    """Any request but INVITE (and ACK, which has no transaction)."""

    table = OTHER_TABLE
    __slots__ = ()

    def __init__(self, method: str, data: bytes, peer: Address) -> None:
        super().__init__(method, data, peer, State.TRYING)

    def _timers(self, now: float) -> dict[Input, float]:
        match self.state:
            case State.TRYING:
                return self._resending(now, T1, now + TIMEOUT)
            case State.PROCEEDING:
                # Timer F goes on from the start; E slows down to T2 (RFC 3261 17.1.2.2).
                left = self._due.get(Input.TIMEOUT_TIMER, now + TIMEOUT)
                return self._resending(now, T2, left)
            case State.COMPLETED:
                return self._lingering(now, T4)
            case _:
                return {}

    def _next_pause(self) -> float:
        return T2 if self.state is State.PROCEEDING else min(self._pause * 2, T2)
