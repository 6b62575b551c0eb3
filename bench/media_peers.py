"""The telephones of bench/bridged_media.py: both ends of every call, in a process of their own.

    python bench/media_peers.py SECONDS FILE

Tells the ports they hear at, reads a line of ports to talk to, and writes what was heard to FILE.
Each packet carries the time it was sent; the kernel stamps the time it came.
"""

import contextlib
import os
import select
import socket
import struct
import sys
import time

import numpy as np
from prompt_streams import HOST, SOCKETS, receiver_sockets

SWEEP_S = 0.005
HEADER, STAMP, TIMES = struct.Struct("!BBHII"), struct.Struct("@qq"), struct.Struct("!qi")
REST = b"\xff" * (160 - TIMES.size)


class Peers:
    """Both ends of every call: leg n is spoken to by socket n, modulo their number."""

    def __init__(self) -> None:
        self.sockets = receiver_sockets()
        for each in self.sockets:
            each.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 21)
        self.rows: list[tuple[int, int, int, int]] = []
        self.sent = 0
        self._by_number = {each.fileno(): each for each in self.sockets}
        self._poll = select.epoll()
        for each in self.sockets:
            self._poll.register(each, select.EPOLLIN)

    def talk(self, seconds: float, legs: list[int]) -> int:
        """Talk on every leg, each millisecond on some; tell how many packets were sent."""
        begin, tick = time.monotonic(), 0
        while (now := time.monotonic()) < begin + seconds:
            due = int((now - begin) * 1_000)
            # On a machine that is too slow they fall silent, rather than talk for ever.
            for each in range(max(tick, due - 50), due):
                self._talk(each, legs)
            tick = due
            time.sleep(max(0.0, begin + (due + 1) / 1_000 - time.monotonic()))
        return self.sent

    def hear(self, seconds: float) -> None:
        """Take what came, now and then, and what is still under way at the end.

        The kernel has stamped it. Peers elsewhere would not be woken by who sends, packet by
        packet, at the expense of who sends.
        """
        end = time.monotonic() + seconds + 0.3
        while time.monotonic() < end:
            time.sleep(SWEEP_S)
            self._take()

    def _take(self) -> None:
        for number, _ in self._poll.poll(0, SOCKETS):
            take = self._by_number[number].recvmsg
            try:
                while True:
                    data, extra, _, _ = take(200, 64)
                    sent, leg = TIMES.unpack_from(data, 12)
                    if leg < 0 or data[1] & 0x7F:
                        continue  # silence while nobody talked, and reports
                    whole, nanoseconds = STAMP.unpack(extra[0][2])
                    came = whole * 1_000_000_000 + nanoseconds
                    self.rows.append((leg, HEADER.unpack_from(data)[2], sent, came))
            except (BlockingIOError, struct.error):
                pass

    def _talk(self, tick: int, legs: list[int]) -> None:
        number = tick // 20
        for leg in range(tick % 20, len(legs), 20):
            header = HEADER.pack(0x80, 0, number & 0xFFFF, number * 160, leg + 1)
            audio = TIMES.pack(time.time_ns(), leg) + REST
            self.sockets[leg % SOCKETS].sendto(header + audio, (HOST, legs[leg]))
            self.sent += 1


def punctual() -> None:
    """Talk on time, if we may: eight hundred telephones do not fall silent together."""
    with contextlib.suppress(OSError):
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(3))


def be_peers(seconds: float, path: str) -> None:
    """Tell our ports, wait for those to talk to, and write what was heard to a file."""
    peers = Peers()
    sys.stdout.write(" ".join(str(each.getsockname()[1]) for each in peers.sockets) + "\n")
    sys.stdout.flush()
    legs = [int(port) for port in sys.stdin.readline().split()]
    # Who listens must not keep who talks waiting: a burst would be the peers' jitter.
    told, telling = os.pipe()
    if os.fork() == 0:
        punctual()
        os.write(telling, str(peers.talk(seconds, legs)).encode())
        os._exit(0)
    peers.hear(seconds)
    sent = int(os.read(told, 64))
    np.savez(path, rows=np.array(peers.rows, np.int64).reshape(-1, 4), sent=sent)


if __name__ == "__main__":
    be_peers(float(sys.argv[1]), sys.argv[2])
