"""Who a peer says somebody is, and what is to be kept private (RFC 3323, RFC 3325).

What is read here is a claim. It may be believed of a peer in the same trust domain only;
whoever handles the call knows whether that is so.
"""

from opentact.voice.sip.headers import NameAddr
from opentact.voice.sip.message import Message

# RFC 3325 9.1: one SIP and one tel URI at most; a few more are read of peers that repeat lines.
MAX_IDENTITIES = 4
# RFC 3323 4.2, RFC 3325 9.3, RFC 7044: what Privacy may say.
PRIVACY = frozenset(("header", "session", "user", "none", "critical", "id", "history"))
# Of these, what means that nobody is to learn who calls.
_WITHHELD = frozenset(("id", "user", "header"))
# RFC 3323 4.1.1.3
ANONYMOUS = '"Anonymous" <sip:anonymous@anonymous.invalid>'


def asserted(message: Message) -> tuple[NameAddr, ...]:
    """Read P-Asserted-Identity; what of it cannot be read is left out."""
    return _identities(message, "p-asserted-identity")


def preferred(message: Message) -> tuple[NameAddr, ...]:
    """Read P-Preferred-Identity: who the caller would like to be."""
    return _identities(message, "p-preferred-identity")


def privacy(message: Message) -> frozenset[str]:
    """Read Privacy: the values of it that are known, in lower case."""
    said = ";".join(message.headers.get("privacy", ()))
    return frozenset(word.strip().lower() for word in said.split(";")) & PRIVACY


def withholds(message: Message) -> bool:
    """Tell whether the caller wants nobody outside to learn who calls."""
    return "privacy" in message.headers and not _WITHHELD.isdisjoint(privacy(message))


def identity_lines(identity: str | None, private: tuple[str, ...]) -> list[tuple[str, str]]:
    """Write the headers. Raises ValueError for an address or a word that is none."""
    unknown = set(private) - PRIVACY
    if unknown:
        raise ValueError(f"not values of Privacy: {', '.join(sorted(unknown))}")
    lines = [("p-asserted-identity", str(NameAddr.parse(identity)))] if identity else []
    return lines + ([("privacy", ";".join(private))] if private else [])


def _identities(message: Message, name: str) -> tuple[NameAddr, ...]:
    if name not in message.headers:
        return ()
    found: list[NameAddr] = []
    try:
        written = message.each(name)
    except ValueError:
        return ()
    for text in written[:MAX_IDENTITIES]:
        try:
            found.append(NameAddr.parse(text))
        except ValueError:
            continue
    return tuple(found)
