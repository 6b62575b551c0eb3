import socket

import pytest

from opentact.adapters.sip.sockets import Listening, bind_all, close_all, own_host

HOST = "127.0.0.1"


def test_all_addresses_bound_name_the_one_on_the_way_out() -> None:
    assert own_host("0.0.0.0", socket.AF_INET, towards=HOST) == HOST
    assert own_host("192.0.2.5", socket.AF_INET) == "192.0.2.5"


async def test_what_is_asked_for_is_bound_and_nothing_else() -> None:
    sockets = await bind_all((HOST, 0), Listening(tcp=(HOST, 0), ws=("::1", 0)))
    try:
        kinds = {name: (sock.family, sock.type) for name, sock in sockets.items()}
        assert kinds == {
            "udp": (socket.AF_INET, socket.SOCK_DGRAM),
            "tcp": (socket.AF_INET, socket.SOCK_STREAM),
            "ws": (socket.AF_INET6, socket.SOCK_STREAM),
        }
    finally:
        close_all(sockets)


async def test_all_or_nothing_is_bound() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as taken:
        taken.bind((HOST, 0))
        taken.listen()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
            free.bind((HOST, 0))
            port = free.getsockname()[1]
        with pytest.raises(OSError, match="in use"):
            await bind_all((HOST, port), Listening(tls=taken.getsockname()[:2]))
        again = await bind_all((HOST, port), Listening())
        close_all(again)
