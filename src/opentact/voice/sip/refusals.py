"""What a refusal of our INVITE says beyond its status: where else to try, and when."""

import re

from opentact.voice.sip.effects import Refused
from opentact.voice.sip.headers import NameAddr
from opentact.voice.sip.lexical import find_param
from opentact.voice.sip.message import Response

# RFC 3261 21.3: a list to choose from; a longer one is an attack on whoever tries them all.
MAX_CONTACTS = 10
# A longer pause is as good as none said: whoever waits that long has forgotten (RFC 3261 20.33).
MAX_PAUSE_S = 86_400

_SECONDS = re.compile(r"\s*(\d{1,9})")


def read_refusal(response: Response) -> Refused:
    """Read the refusal; what of it cannot be read is left out."""
    redirects = 300 <= response.status < 400  # noqa: PLR2004 - RFC 3261 7.2
    return Refused(
        response.status,
        response.phrase,
        response.first("reason"),
        _contacts(response) if redirects else (),
        _pause(response.first("retry-after")),
    )


def _contacts(response: Response) -> tuple[str, ...]:
    """URIs of a 3xx, by their q; those of the same q in the order they came."""
    found: list[tuple[float, str]] = []
    try:
        written = response.each("contact")
    except ValueError:
        return ()
    for text in written[:MAX_CONTACTS]:
        try:
            contact = NameAddr.parse(text)
            found.append((-float(find_param(contact.params, "q") or "1"), contact.uri))
        except ValueError:
            continue
    return tuple(uri for _, uri in sorted(found, key=lambda each: each[0]))


def _pause(written: str | None) -> int | None:
    match = _SECONDS.match(written) if written else None
    seconds = int(match[1]) if match else None
    return seconds if seconds is not None and seconds <= MAX_PAUSE_S else None
