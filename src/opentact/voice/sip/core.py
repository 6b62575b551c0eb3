"""What all calls of a user agent share: its transactions, its outbox, who is in a call."""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING
from zlib import crc32

from opentact.voice.sip.alarms import Alarms
from opentact.voice.sip.client_transactions import ClientOther
from opentact.voice.sip.effects import Effect, LegEvent, Told, Transmit
from opentact.voice.sip.headers import COOKIE, media_type
from opentact.voice.sip.machine import Address
from opentact.voice.sip.message import Message, Request, Response, reply
from opentact.voice.sip.routing import Identity, reply_address
from opentact.voice.sip.server_transactions import ServerTransaction
from opentact.voice.sip.session_timer import Policy
from opentact.voice.sip.transactions import Transactions

if TYPE_CHECKING:
    from opentact.voice.sip.call import Call
    from opentact.voice.sip.dialog import Dialog
    from opentact.voice.sip.digest import Credentials
    from opentact.voice.sip.incoming import IncomingCall
    from opentact.voice.sip.invite_usage import InviteUsage
    from opentact.voice.sip.logins import Login

SDP = "application/sdp"
# What the agent acts upon. REFER and NOTIFY join when they are served.
ALLOW = "INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, PRACK, UPDATE"
# Option tags that we understand: RFC 3262, RFC 4028.
SUPPORTED = ("100rel", "timer")


class Core:
    """`token` gives a new unguessable word for tags, branches and call ids."""

    def __init__(
        self, identity: Identity, token: Callable[[], str], session: Policy | None = None
    ) -> None:
        self.identity = identity
        self.token = token
        self.session = session or Policy()
        self.transactions = Transactions(self.transmit)
        self.calls: dict[tuple[str, str], Call] = {}
        self.ringing: dict[ServerTransaction, IncomingCall] = {}
        self.alarms: Alarms[InviteUsage] = Alarms()
        self._out: list[Effect] = []

    def take(self) -> list[Effect]:
        """Empty the outbox."""
        out, self._out = self._out, []
        return out

    def note(self, effect: Effect) -> None:
        self._out.append(effect)

    def transmit(self, data: bytes, peer: Address, repeat: bool = False) -> None:  # noqa: FBT001, FBT002 - the shape of Transmitter
        self._out.append(Transmit(data, peer, repeat))

    def tell(self, call: "InviteUsage", event: LegEvent) -> None:
        self._out.append(Told(call, event))

    def branch(self) -> str:
        return COOKIE + self.token()

    def login(self, credentials: "Credentials | None") -> "Login | None":
        """Prepare to answer challenges; None when there is nothing to answer them with."""
        if credentials is None:
            return None
        # Here and not above: most calls have none.
        from opentact.voice.sip.logins import Login  # noqa: PLC0415

        return Login(credentials, self.token)

    def ask_and_forget(
        self,
        dialog: "Dialog",
        method: str,
        extra: Iterable[tuple[str, str]],
        now: float,
        *,
        body: bytes = b"",
    ) -> None:
        """Send a request within a dialog whose answer changes nothing."""
        branch = self.branch()
        data, peer = dialog.compose(
            method, branch=branch, identity=self.identity, extra=extra, body=body
        )
        self.transactions.ask(ClientOther(method, data, peer), branch, _NOBODY, now)

    def contact(self, *, secure: bool) -> str:
        """Tell where we are: by TLS alone when the dialog is `secure` (RFC 3261 12.1.1)."""
        return self.identity.secure_contact if secure else self.identity.contact

    def capabilities(self, *, secure: bool = False) -> list[tuple[str, str]]:
        """Headers of a 2xx to INVITE or OPTIONS that say what we can (RFC 3261 11.2, 13.3.1.4)."""
        return [
            ("contact", self.contact(secure=secure)),
            ("allow", ALLOW),
            ("supported", ", ".join(SUPPORTED)),
            ("server", self.identity.product),
        ]

    def answer_at_once(
        self,
        request: Request,
        source: Address,
        status: int,
        phrase: str | None = None,
        extra: Iterable[tuple[str, str]] = (),
    ) -> None:
        """Respond without remembering it (RFC 3261 8.2.7): a repeat gets the same again.

        Works for requests that are barely readable; what has no Via of use is answered where
        it came from.
        """
        try:
            peer = reply_address(request.via, source)
        except ValueError:
            peer = source
        tag = f"{crc32(request.reply_lines.encode('utf-8', 'surrogateescape')):08x}"
        headers = (*extra, ("server", self.identity.product))
        self.transmit(reply(request, status, phrase=phrase, tag=tag, extra=headers), peer)


class _Nobody:
    """Who asks without waiting for the answer."""

    def responded(self, response: Response, now: float) -> None:
        """Let it pass."""

    def timed_out(self, method: str, now: float) -> None:
        """Let it pass."""


_NOBODY = _Nobody()


def sdp_of(message: Message) -> bytes | None:
    """Give the session description a message carries, or None."""
    if message.body and media_type(message.first("content-type") or "") == SDP:
        return message.body
    return None


def chance(word: str, steps: int) -> int:
    """Draw a number 0 <= n < steps by an unguessable word."""
    return crc32(word.encode()) % steps


def pause_of(request: Request) -> str:
    """Seconds to wait, 0..10, for a Retry-After that should differ from call to call."""
    return str(crc32(request.reply_lines.encode("utf-8", "surrogateescape")) % 11)
