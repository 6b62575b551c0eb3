"""What of a message is nobody's business, its owner's neither: proofs of passwords, media keys.

The answer to a digest challenge lets whoever reads it guess the password at leisure, and the key
of a secure call opens its recordings. They are masked before anything is kept.
"""

import re

MASKED = b"(masked)"
MARKS = (b"uthorization", b"UTHORIZATION", b"inline:")
"""Where none of these is, there is nothing to mask."""
_LINE = re.compile(
    rb"^((?:proxy-)?authorization)[ \t]*:[ \t]*([^\r\n]*)", re.IGNORECASE | re.MULTILINE
)
_PROOF = re.compile(rb'\b(response|cnonce|nonce)[ \t]*=[ \t]*("[^"\r\n]*"|[^",\s]+)', re.IGNORECASE)
_KEY = re.compile(rb"\binline:[^\s|]+")
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


def masked_url(url: str) -> str:
    """Mask what of a URL lets people in: a login before the host, tokens in the query."""
    shown = MASKED.decode()
    return _QUERY.sub(rf"\g<1>{shown}", _USER.sub(rf"\g<1>{shown}@", url))


def _mask_line(found: "re.Match[bytes]") -> bytes:
    name, value = found[1], found[2]
    if value[:7].lower() != b"digest ":
        return name + b": " + MASKED
    return name + b": " + _PROOF.sub(rb'\1="' + MASKED + b'"', value)
