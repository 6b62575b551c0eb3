import socket
from collections.abc import Iterator

import pytest

from opentact.adapters.media.ports import PortPool
from opentact.voice.media import NoMediaPorts
from support.peers import free_ports

HOST = "127.0.0.1"
FIRST = free_ports(10)
LAST = FIRST + 9

Pair = tuple[socket.socket, socket.socket]


class Binder:
    """Binds pairs of a pool, and closes at the end what it still holds."""

    def __init__(self, pool: PortPool) -> None:
        self.pool = pool
        self.held: list[Pair] = []

    def bind(self, now: float) -> int:
        self.held.append(self.pool.bind(HOST, now))
        port: int = self.held[-1][0].getsockname()[1]
        return port

    def release(self, port: int, now: float) -> None:
        [pair] = [pair for pair in self.held if pair[0].getsockname()[1] == port]
        self.held.remove(pair)
        for each in pair:
            each.close()
        self.pool.release(port, now)


@pytest.fixture
def binder() -> Iterator[Binder]:
    made = Binder(PortPool(FIRST, LAST, rest=5))
    yield made
    for pair in made.held:
        for each in pair:
            each.close()


def test_hands_out_even_ports_with_their_neighbours(binder: Binder) -> None:
    assert [binder.bind(0) for _ in range(5)] == list(range(FIRST, LAST, 2))
    assert [rtcp.getsockname()[1] - rtp.getsockname()[1] for rtp, rtcp in binder.held] == [1] * 5
    with pytest.raises(NoMediaPorts, match="no media port is free"):
        binder.bind(0)


def test_a_closed_port_rests_before_it_is_used_again(binder: Binder) -> None:
    ports = [binder.bind(0) for _ in range(5)]
    binder.release(ports[2], now=10)
    with pytest.raises(NoMediaPorts):
        binder.bind(14.9)
    assert binder.bind(15) == ports[2]


def test_ports_that_others_hold_are_stepped_over(binder: Binder) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind((HOST, FIRST + 1))
        assert [binder.bind(0) for _ in range(4)] == list(range(FIRST + 2, LAST, 2))
        with pytest.raises(NoMediaPorts):
            binder.bind(1)
    assert binder.bind(6) == FIRST


def test_begins_anywhere_in_the_range() -> None:
    made = Binder(PortPool(FIRST, LAST, rest=5, start=8))
    assert made.bind(0) == FIRST + 6
    for each in made.held[0]:
        each.close()


@pytest.mark.parametrize("host", ["localhost", "", "1.2.3", "192.0.2.1"])
def test_binds_addresses_of_ours_only(host: str) -> None:
    with pytest.raises(NoMediaPorts):
        PortPool(FIRST, LAST, rest=5).bind(host, 0)
