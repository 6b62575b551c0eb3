import asyncio
import socket

import pytest

from support.network import LeftTheMachine, stays_home


@pytest.mark.parametrize(
    "address",
    [
        ("127.0.0.1", 80),
        ("127.8.9.10", 5060),
        ("::1", 80, 0, 0),
        ("::ffff:127.0.0.1", 80, 0, 0),
        ("0.0.0.0", 80),
        ("localhost", 80),
        "/run/postgresql/.s.PGSQL.5432",
        None,
    ],
)
def test_loopback_is_home(address: object) -> None:
    assert stays_home(address)


@pytest.mark.parametrize(
    "address", [("192.0.2.1", 80), ("2001:db8::1", 80, 0, 0), ("example.com", 80), b"example.com"]
)
def test_all_else_is_away(address: object) -> None:
    assert not stays_home(address)


def test_a_connection_away_is_refused() -> None:
    with socket.socket() as sock, pytest.raises(LeftTheMachine, match=r"192\.0\.2\.1"):
        sock.connect(("192.0.2.1", 80))


def test_a_packet_away_is_refused() -> None:
    with socket.socket(type=socket.SOCK_DGRAM) as sock, pytest.raises(LeftTheMachine):
        sock.sendto(b"?", ("192.0.2.1", 5060))


async def test_asyncio_is_walled_too() -> None:
    with pytest.raises(LeftTheMachine, match=r"example\.com"):
        await asyncio.open_connection("example.com", 80)
