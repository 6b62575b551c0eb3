"""What of a message is nobody's business, its owner's neither: proofs, media keys, hidden callers.

The answer to a digest challenge lets whoever reads it guess the password at leisure, the key of a
secure call opens its recordings, and who withholds his number has not told it to whom he calls.
They are masked before anything is kept.
"""

import re
from collections.abc import Callable, Iterable

MASKED = b"(masked)"
MARKS = (b"uthorization", b"UTHORIZATION", b"inline:", b"rivacy:", b"RIVACY:")
"""Where none of these is, there is nothing to mask."""
_LINE = re.compile(
    rb"^((?:proxy-)?authorization)[ \t]*:[ \t]*([^\r\n]*)", re.IGNORECASE | re.MULTILINE
)
_PROOF = re.compile(rb'\b(response|cnonce|nonce)[ \t]*=[ \t]*("[^"\r\n]*"|[^",\s]+)', re.IGNORECASE)
_KEY = re.compile(rb"\binline:[^\s|]+")
_WITHHELD = re.compile(
    rb"^privacy[ \t]*:[^\r\n]*\b(?:id|user|header)\b", re.IGNORECASE | re.MULTILINE
)
_WHO = re.compile(
    rb"^(?:from|f|contact|m|p-asserted-identity|p-preferred-identity|remote-party-id)[ \t]*:"
    rb'[ \t]*(?:"([^"\r\n]+)"[ \t]*)?<?(?:sips?|tel):(\+?[0-9]{3,15})?',
    re.IGNORECASE | re.MULTILINE,
)
_QUERY = re.compile(
    r"([?&][^=&#]*(?:token|secret|passw|signature|key|auth)[^=&#]*=)[^&#]*", re.IGNORECASE
)
_USER = re.compile(r"^([a-z][a-z0-9+.-]*://)[^/@?#]*@", re.IGNORECASE)


def masked(message: bytes) -> bytes:
    """Mask the proofs and keys in a SIP message; most hold none, and cost next to nothing."""
    if MARKS[0] in message or MARKS[1] in message:
        message = _LINE.sub(_mask_line, message)
    if MARKS[2] in message:
        message = _KEY.sub(b"inline:" + MASKED, message)
    return message


def mask_of(messages: Iterable[bytes]) -> Callable[[bytes], bytes]:
    """Give what masks the messages of a call.

    That is `masked`; where one of them withholds who calls, the caller's number and name are
    masked in all of them as well (docs/decisions/0116).
    """
    withheld = [each for each in messages if _WITHHELD.search(each)]
    who = {told for each in withheld for found in _WHO.finditer(each) for told in found.groups()}
    who -= {None, b"Anonymous"}
    if not who:
        return masked
    told = rb"|".join(re.escape(each) for each in sorted(who, key=len, reverse=True))
    caller = re.compile(rb"(?<![0-9A-Za-z])(?:%s)(?![0-9A-Za-z])" % told)
    return lambda message: caller.sub(MASKED, masked(message))


def masked_url(url: str) -> str:
    """Mask what of a URL lets people in: a login before the host, tokens in the query."""
    shown = MASKED.decode()
    return _QUERY.sub(rf"\g<1>{shown}", _USER.sub(rf"\g<1>{shown}@", url))


def _mask_line(found: "re.Match[bytes]") -> bytes:
    name, value = found[1], found[2]
    if value[:7].lower() != b"digest ":
        return name + b": " + MASKED
    return name + b": " + _PROOF.sub(rb'\1="' + MASKED + b'"', value)
