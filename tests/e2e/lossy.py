"""A bad network between a caller and the server: datagrams are lost, doubled, swapped, cut."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from enum import Enum, auto

from support.peers import LOOPBACK

Address = tuple[str, int]


class Fate(Enum):
    """What becomes of one datagram."""

    LOST = auto()
    DOUBLED = auto()
    DELAYED = auto()
    CUT = auto()
    CARRIED = auto()


@dataclass(frozen=True)
class Harm:
    """How many in a hundred datagrams suffer each."""

    lost: int = 0
    doubled: int = 0
    delayed: int = 0
    cut: int = 0

    def weights(self) -> list[int]:
        """Weigh each `Fate`, in their order."""
        harms = [self.lost, self.doubled, self.delayed, self.cut]
        return [*harms, 100 - sum(harms)]


@dataclass
class Relay(asyncio.DatagramProtocol):
    """Carries between whoever calls and `server`, and names itself to both."""

    server: Address
    harm: Harm
    rng: random.Random
    harmed: int = 0
    transport: asyncio.DatagramTransport | None = None
    caller: Address | None = None

    def datagram_received(self, data: bytes, source: Address) -> None:
        if source != self.server:
            self.caller = source
        towards = self.caller if source == self.server else self.server
        if towards is not None:
            self._carry(data, towards)

    def _carry(self, data: bytes, towards: Address) -> None:
        fate = self.rng.choices(list(Fate), weights=self.harm.weights())[0]
        self.harmed += fate is not Fate.CARRIED
        match fate:
            case Fate.LOST:
                pass
            case Fate.DOUBLED:
                self._send(data, towards)
                self._send(data, towards)
            case Fate.DELAYED:
                asyncio.get_running_loop().call_later(0.05, self._send, data, towards)
            case Fate.CUT:
                self._send(data[: len(data) // 2], towards)
            case Fate.CARRIED:
                self._send(data, towards)

    def _send(self, data: bytes, towards: Address) -> None:
        assert self.transport is not None
        if not self.transport.is_closing():
            self.transport.sendto(data, towards)


@asynccontextmanager
async def relay(server: Address, harm: Harm, seed: int = 1) -> AsyncIterator[Relay]:
    """Run a relay until the block ends; call it at `address_of`."""
    loop = asyncio.get_running_loop()
    made = Relay(server, harm, random.Random(seed))
    transport, _ = await loop.create_datagram_endpoint(lambda: made, local_addr=(LOOPBACK, 0))
    made.transport = transport
    try:
        yield made
    finally:
        transport.close()
        await asyncio.sleep(0)


def address_of(made: Relay) -> str:
    assert made.transport is not None
    host, port = made.transport.get_extra_info("sockname")[:2]
    return f"{host}:{port}"
