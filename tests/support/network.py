"""Keep the test run on this machine.

An audit hook sees every name looked up and every address connected or sent to by Python's own
sockets, whichever library asked, and refuses all but loopback. Child processes are not seen;
the peers of `support.peers` are told to stay on loopback instead.
"""

import ipaddress
import sys

LOCAL_NAMES = {"localhost", "localhost.localdomain", "ip6-localhost", ""}


class LeftTheMachine(Exception):  # noqa: N818 - said as a sentence in the test's output
    """A test tried to reach beyond loopback."""


def stays_home(address: object) -> bool:
    """Tell whether a socket address (or a bare host) is on this machine."""
    host = address[0] if isinstance(address, tuple) and address else address
    if host is None or isinstance(host, int):
        return True  # a connected socket, or a family such as netlink
    text = host.decode("latin-1") if isinstance(host, bytes) else str(host)
    if text.startswith(("/", "\0")) or text in LOCAL_NAMES:
        return True
    try:
        ip = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return False
    mapped = getattr(ip, "ipv4_mapped", None) or ip
    return mapped.is_loopback or mapped.is_unspecified


def _is_literal(host: object) -> bool:
    try:
        ipaddress.ip_address(host.decode() if isinstance(host, bytes) else str(host))
    except ValueError:
        return False
    return True


def check(event: str, arguments: tuple[object, ...]) -> None:
    """Raise `LeftTheMachine` when this audit event would."""
    if event in ("socket.connect", "socket.sendto", "socket.sendmsg"):
        away = not stays_home(arguments[1])
    elif event in ("socket.getaddrinfo", "socket.gethostbyname"):
        # To read a literal address asks nobody.
        away = not (stays_home(arguments[0]) or _is_literal(arguments[0]))
    else:
        return
    if away:
        raise LeftTheMachine(f"{event} {arguments}: tests stay on loopback")


def wall_off() -> None:
    """Refuse, from now until the process ends."""
    sys.addaudithook(check)
