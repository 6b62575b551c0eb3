import asyncio
import socket

from opentact.adapters.sip.datagrams import BATCH, Datagrams
from opentact.adapters.sip.sockets import Listening, bind_all
from opentact.voice.sip.machine import Address

HOST = "127.0.0.1"


async def test_datagrams_are_heard_in_batches_with_their_source() -> None:
    heard: list[tuple[bytes, Address]] = []
    pauses: list[int] = []
    done = asyncio.Event()

    def pause() -> None:
        pauses.append(len(heard))
        if len(heard) == BATCH + 1:
            done.set()

    sockets = await bind_all((HOST, 0), Listening())
    datagrams = Datagrams(sockets["udp"], lambda *what: heard.append(what), pause)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as phone:
        phone.bind((HOST, 0))
        for number in range(BATCH + 1):
            phone.sendto(b"%d" % number, datagrams.local[:2])
        async with asyncio.timeout(5):
            await done.wait()
        assert heard[0] == (b"0", Address(*phone.getsockname()))
        assert [data for data, _ in heard] == [b"%d" % each for each in range(BATCH + 1)]
        assert pauses[0] <= BATCH
        assert datagrams.send(b"back", *phone.getsockname())
        phone.settimeout(5)
        assert phone.recv(10) == b"back"
    datagrams.close()


async def test_what_the_system_will_not_send_is_told() -> None:
    sockets = await bind_all((HOST, 0), Listening())
    datagrams = Datagrams(sockets["udp"], lambda *_: None, lambda: None)
    assert not datagrams.send(b"x" * 70_000, HOST, 9)
    datagrams.close()
