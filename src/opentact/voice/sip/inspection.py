"""What a user agent server looks at before it acts on a request (RFC 3261 section 8.2).

Each check answers with a refusal that says in its reason phrase what is wrong, or with None.
"""

from dataclasses import dataclass

from opentact.voice.sip.core import ALLOW, SDP, SUPPORTED
from opentact.voice.sip.headers import NameAddr, media_type, parse_hops
from opentact.voice.sip.message import Message, Request, Response
from opentact.voice.sip.names import METHODS, printed
from opentact.voice.sip.uri import SipUri, scheme_of

_SINGLE = ("from", "to", "call-id", "cseq")
# What a proxy on the way adds is bounded by Max-Forwards, which starts at 70; more is an attack
# that makes us write long answers (Via) or remember long routes (Record-Route).
_MOST = {"via": 70, "record-route": 32, "route": 32, "contact": 20}
_AT_MOST_ONE = ("max-forwards", "content-type", "expires")
_ALLOWED = frozenset(ALLOW.split(", "))
_SCHEMES = ("sip", "tel")
# What sips: asks for on every hop (RFC 3261 26.2.2).
_SECURE = frozenset({"tls", "wss"})
_ACCEPTABLE = (SDP, "application/*", "*/*")


@dataclass(frozen=True, slots=True)
class Refusal:
    status: int
    phrase: str | None = None
    extra: tuple[tuple[str, str], ...] = ()


def find_flaw(request: Request) -> str | None:
    """Say what makes the request malformed; None when it is well-formed as far as we care."""
    try:
        _check_counts(request)
        _check_values(request)
    except ValueError as flaw:
        return _fit_for_phrase(str(flaw))
    return None


def find_refusal(
    request: Request, serves: frozenset[str] = frozenset(), transport: str = "udp"
) -> Refusal | None:
    """Say why a well-formed request cannot be served, whatever dialog it belongs to.

    `serves` are methods outside of dialogs that somebody above serves, `transport` is what the
    request came by.
    """
    try:
        return _find_scheme_refusal(request, transport) or _find_refusal(request, serves)
    except ValueError as flaw:
        return Refusal(400, f"Bad Request: {_fit_for_phrase(str(flaw))}")


def _find_scheme_refusal(request: Request, transport: str) -> Refusal | None:
    scheme = scheme_of(request.uri)
    if scheme == "sips" and transport not in _SECURE:
        return Refusal(416, "Unsupported URI Scheme: sips is served over TLS")
    return None if scheme in (*_SCHEMES, "sips") else Refusal(416)


def _find_refusal(request: Request, serves: frozenset[str]) -> Refusal | None:
    if request.method not in _ALLOWED and request.method not in serves:
        status = 405 if request.method in METHODS else 501
        return Refusal(status, extra=(("allow", ALLOW),))
    if request.method == "CANCEL":
        return None  # RFC 3261 8.2.2.3: Require is ignored in CANCEL
    known = (*SUPPORTED, "path") if request.method == "REGISTER" else SUPPORTED
    unknown = [tag for tag in request.each("require") if tag not in known]
    if unknown:
        return Refusal(420, extra=(("unsupported", ", ".join(unknown)),))
    return _find_content_refusal(request) if request.method == "INVITE" else None


def check_response(response: Response) -> None:
    """Raise ValueError when a response could not be used by whoever waits for it."""
    if len(response.each("via")) != 1:
        raise ValueError("a response with other than one Via is not ours")
    # From is what we wrote; nobody looks at it again.
    _ = response.branch, response.cseq, response.recipient, response.call_id
    _check_tags(response)
    if response.cseq.method == "INVITE":
        _ = response.contact
        for route in response.each("record-route"):
            NameAddr.parse(route)


def _check_counts(request: Request) -> None:
    for name in _SINGLE:
        values = request.headers.get(name)
        if not values or not values[0]:
            raise ValueError(f"no {printed(name)}")
        if len(values) > 1:
            raise ValueError(f"more than one {printed(name)}")
    for name in _AT_MOST_ONE:
        if len(request.headers.get(name, ())) > 1:
            raise ValueError(f"more than one {printed(name)}")
    for name, most in _MOST.items():
        values = request.headers.get(name)
        # Commas are an upper bound, and cheaper to count than values.
        if values and sum(value.count(",") + 1 for value in values) > most:
            _check_most(request, name, most)


def _check_most(request: Request, name: str, most: int) -> None:
    if len(request.each(name)) > most:
        raise ValueError(f"more than {most} {printed(name)}")


def _check_tags(message: Message) -> None:
    """Raise ValueError when a list of option tags could not be read by whoever asks for it."""
    for name in ("supported", "require"):
        for value in message.headers.get(name, ()):
            # Tags are tokens; only these characters can leave a list open.
            if '"' in value or "<" in value:
                raise ValueError(f"{printed(name)} is no list of tags")


def _check_values(request: Request) -> None:
    if request.cseq.method != request.method:
        raise ValueError(f"CSeq says {request.cseq.method[:20]}")
    _ = request.sender, request.recipient
    _check_tags(request)
    hops = request.first("max-forwards")
    if hops is not None:
        parse_hops(hops)
    if request.recipient.tag is None:
        # Within a dialog it is the Contact that we wrote; looking costs more than it shows.
        _check_request_uri(request.uri)
    if request.method == "REGISTER" and request.first("contact") != "*":
        _ = request.contact
    if request.method == "INVITE":
        _ = request.contact
        for route in request.each("record-route"):
            NameAddr.parse(route)


def _check_request_uri(uri: str) -> None:
    if scheme_of(uri) in ("sip", "sips") and SipUri.parse(uri).headers:
        raise ValueError("headers in the Request-URI")


def _find_content_refusal(request: Request) -> Refusal | None:
    if request.body and not _is_optional(request):
        if media_type(request.first("content-type") or "") != SDP:
            return Refusal(415, extra=(("accept", SDP),))
        encodings = {encoding.lower() for encoding in request.each("content-encoding")}
        if encodings - {"identity"}:
            return Refusal(415, extra=(("accept-encoding", "identity"),))
    if "accept" in request.headers:
        accepted = {media_type(kind) for kind in request.each("accept")}
        if accepted.isdisjoint(_ACCEPTABLE):
            return Refusal(406, extra=(("accept", SDP),))
    return None


def _is_optional(request: Request) -> bool:
    """RFC 3261 20.11: a body that need not be understood may be of any type."""
    disposition = (request.first("content-disposition") or "").lower().replace(" ", "")
    return "handling=optional" in disposition


def _fit_for_phrase(text: str) -> str:
    return "".join(char if " " <= char <= "~" else "?" for char in text)[:120]
