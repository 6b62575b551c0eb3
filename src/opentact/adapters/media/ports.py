"""UDP ports for legs: an even one for RTP, the next for RTCP (RFC 3550 section 11)."""

import socket
from collections import deque
from errno import EADDRINUSE
from ipaddress import ip_address

from opentact.voice.media import NoMediaPorts

# Expedited forwarding (RFC 3246), which networks that know it treat as voice.
_TOS_EF = 0xB8
# Half a second of one stream; the default would do, but is not the same everywhere.
_RECEIVE_BUFFER = 64 * 1024


class PortPool:
    """Hands out port pairs of a range, round and round, so that none is reused soon."""

    def __init__(self, first: int, last: int, *, rest: float, start: int = 0) -> None:
        """`rest` is in seconds; `start` says where in the range to begin, whatever its size."""
        self._free = deque(range(first + first % 2, last, 2))
        self._resting: deque[tuple[float, int]] = deque()
        self._rest = rest
        self._free.rotate(-(start % max(1, len(self._free))))

    def bind(self, host: str, now: float) -> tuple[socket.socket, socket.socket]:
        """Bind a pair on `host`, or raise `NoMediaPorts`. Pairs others hold are stepped over."""
        try:
            ip_address(host)
        except ValueError:
            # A name would have to be looked up, and every call would wait for that.
            raise NoMediaPorts(f"{host!r} is not an IP address to open media ports on") from None
        while self._resting and self._resting[0][0] <= now:
            self._free.append(self._resting.popleft()[1])
        failure: OSError | None = None
        for _ in range(len(self._free)):
            port = self._free.popleft()
            try:
                return _pair(host, port)
            except OSError as error:
                failure = error
                self._resting.append((now + self._rest, port))
                if error.errno != EADDRINUSE:
                    break  # no such address, no more descriptors: the next port is no better
        because = f": {failure}" if failure else ""
        raise NoMediaPorts(f"no media port is free on {host}{because}")

    def release(self, port: int, now: float) -> None:
        """Take a port back, to be used again after its rest."""
        self._resting.append((now + self._rest, port))


def _pair(host: str, port: int) -> tuple[socket.socket, socket.socket]:
    rtp = _bound(host, port)
    try:
        return rtp, _bound(host, port + 1)
    except OSError:
        rtp.close()
        raise


def _bound(host: str, port: int) -> socket.socket:
    six = ":" in host
    made = socket.socket(socket.AF_INET6 if six else socket.AF_INET, socket.SOCK_DGRAM)
    try:
        made.setblocking(False)  # noqa: FBT003 - the standard library takes it so
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER)
        if six:
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_TCLASS, _TOS_EF)
        else:
            made.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, _TOS_EF)
        made.bind((host, port))
    except OSError:
        made.close()
        raise
    return made
