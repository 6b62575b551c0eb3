"""Requests outside of any dialog: REGISTER of others handed up, OPTIONS and REGISTER of ours.

RFC 3261 sections 8.1, 8.2 and 10. What is received waits for one answer; a refusal of it is
not remembered, so that a flood of guesses holds no memory. What is sent tells its final answer
once, 408 when there is none, and answers a challenge by itself if it has credentials.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from opentact.voice.sip.client_transactions import ClientOther
from opentact.voice.sip.core import Core
from opentact.voice.sip.dialog import MAX_HOPS
from opentact.voice.sip.effects import Replied, Reply
from opentact.voice.sip.invitation import address_line
from opentact.voice.sip.machine import Address
from opentact.voice.sip.message import Request, Response, encode, reply
from opentact.voice.sip.names import phrase_of
from opentact.voice.sip.routing import address_of
from opentact.voice.sip.server_transactions import ServerTransaction
from opentact.voice.sip.uri import scheme_of

if TYPE_CHECKING:
    from opentact.voice.sip.digest import Credentials

# Headers that are the stack's to write.
_OURS = frozenset(("via", "from", "to", "call-id", "cseq", "max-forwards", "content-length"))


class ReceivedRequest:
    """A request that somebody above will answer; until then its repeats are absorbed."""

    def __init__(
        self, core: Core, request: Request, tx: ServerTransaction, source: Address
    ) -> None:
        self.request = request
        self.source = source
        self._core = core
        self._tx: ServerTransaction | None = tx

    def respond(
        self,
        status: int,
        now: float,
        phrase: str | None = None,
        headers: Iterable[tuple[str, str]] = (),
        body: bytes = b"",
    ) -> None:
        """Answer for good; a second answer does nothing. Raises ValueError for a bad header."""
        if not 200 <= status <= 699:  # noqa: PLR2004 - RFC 3261 7.2
            raise ValueError(f"{status} is not a final answer")
        if self._tx is None:
            return
        core, tx = self._core, self._tx
        extra = [*headers, ("server", core.identity.product)]
        data = reply(self.request, status, phrase=phrase, tag=core.token(), extra=extra, body=body)
        self._tx = None
        core.transactions.respond(tx, status, data, now)
        if status >= 300:  # noqa: PLR2004 - a refusal
            core.transactions.abandon(tx)


@dataclass(frozen=True, slots=True)
class Question:
    """What to ask of whom. `target` is the Request-URI, `to` and `caller` are addresses.

    `headers` are more headers, names in lower case. `call_id` and `number` continue a series:
    RFC 3261 10.2 wants all REGISTERs to a registrar to be one.
    """

    method: str
    target: str
    to: str
    caller: str
    destination: Address | None = None
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    credentials: "Credentials | None" = None
    call_id: str | None = None
    number: int = 1


class SentRequest:
    """A request of ours; `listener` is told its final answer."""

    def __init__(self, core: Core, question: Question, now: float) -> None:
        """Send it. Raises ValueError when it cannot be written, or leads nowhere."""
        scheme_of(question.target)
        destination = question.destination or address_of(question.target)
        if destination is None:
            raise ValueError(f"no address to send to in {question.target!r}: name a destination")
        self.listener: Callable[[Reply], None] | None = None
        self.question = question
        self.number = question.number
        self._core = core
        self._peer = destination
        self._call_id = question.call_id or core.token()
        self._from = address_line(question.caller, (("tag", core.token()),))
        self._to = address_line(question.to)
        self._login = core.login(question.credentials)
        self._send(now)

    def _send(self, now: float) -> None:
        asked, core = self.question, self._core
        branch = core.branch()
        login = self._login.lines(asked.method, asked.target) if self._login else []
        data = encode(
            f"{asked.method} {asked.target} SIP/2.0",
            [
                ("via", core.identity.via(branch)),
                ("max-forwards", str(MAX_HOPS)),
                ("from", self._from),
                ("to", self._to),
                ("call-id", self._call_id),
                ("cseq", f"{self.number} {asked.method}"),
                ("user-agent", core.identity.product),
                *login,
                *(pair for pair in asked.headers if pair[0] not in _OURS),
            ],
            asked.body,
        )
        core.transactions.ask(ClientOther(asked.method, data, self._peer), branch, self, now)

    def responded(self, response: Response, now: float) -> None:
        if response.status < 200:  # noqa: PLR2004 - RFC 3261 7.2
            return
        if self._login is not None and self._login.take(response):
            self.number += 1
            self._send(now)
            return
        reply_ = Reply(response.status, response.phrase, response.headers)
        self._core.note(Replied(self, reply_))

    def timed_out(self, method: str, now: float) -> None:
        del method, now
        self._core.note(Replied(self, Reply(408, phrase_of(408))))
