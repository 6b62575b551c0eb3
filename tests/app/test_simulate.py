import asyncio
import wave
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from opentact.app.simulate import Caller, CallPlan, audible_seconds
from support.peers import LOOPBACK

RATE = 8000


def sound(file: Path, *parts: Sequence[float]) -> Path:
    """Write parts of (level, seconds), each a tone of that level."""
    samples = [
        level * np.sin(np.arange(int(RATE * seconds)) * 2 * np.pi * 440 / RATE)
        for level, seconds in parts
    ]
    with wave.open(str(file), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(RATE)
        out.writeframes(np.concatenate(samples).astype("<i2").tobytes() if samples else b"")
    return file


@pytest.mark.parametrize(
    ("parts", "seconds"),
    [
        ([(8000, 1.0)], 1.0),
        ([(0, 2.0)], 0.0),
        ([(0, 1.0), (8000, 0.5), (0, 1.0), (8000, 0.5)], 1.0),
        ([(100, 1.0)], 0.0),  # the hiss of a codec is no speech
        ([], 0.0),
    ],
)
def test_what_can_be_heard_is_counted(
    tmp_path: Path, parts: list[tuple[float, float]], seconds: float
) -> None:
    assert audible_seconds(sound(tmp_path / "heard.wav", *parts)) == pytest.approx(
        seconds, abs=0.02
    )


def test_nothing_was_heard_when_nothing_was_recorded(tmp_path: Path) -> None:
    assert audible_seconds(tmp_path / "none.wav") == 0.0


class Busy(asyncio.DatagramProtocol):
    """A far end that answers every INVITE with one refusal."""

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        head = data.decode()
        if not head.startswith("INVITE "):
            return
        kept = [
            line + (";tag=there" if line.startswith("To:") else "")
            for line in head.split("\r\n\r\n")[0].split("\r\n")
            if line.split(":")[0] in {"Via", "From", "To", "Call-ID", "CSeq"}
        ]
        reason = 'Reason: Q.850;cause=17;text="Busy"'
        lines = ["SIP/2.0 486 Busy Here", *kept, reason, "Content-Length: 0", "", ""]
        self.transport.sendto("\r\n".join(lines).encode(), addr)


async def test_a_refusal_is_told_with_its_reason() -> None:
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(Busy, local_addr=(LOOPBACK, 0))
    told: list[str] = []
    try:
        server = transport.get_extra_info("sockname")[:2]
        plan = CallPlan(caller="+12015550123", called="12015550100", server=server)
        outcome = await Caller(plan, told.append).run()
    finally:
        transport.close()
    assert (outcome.status, outcome.phrase) == (486, "Busy Here")
    assert outcome.reason == 'Q.850;cause=17;text="Busy"'
    assert outcome.answered_after is None
    assert told[-1] == "refused with 486 Busy Here"
