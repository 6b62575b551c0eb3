"""What the server's own event loop does otherwise than asyncio's."""

import asyncio
import os
import select
import signal

import uvloop

from opentact.adapters.audio.worker import Workers


def test_one_that_was_killed_while_idle_is_replaced_unnoticed() -> None:
    """uvloop refuses to write to a pipe that has closed by a RuntimeError."""

    async def kill_between_two_questions() -> tuple[object, object]:
        workers = Workers("adapters.audio.odd_worker", count=1, timeout=10)
        first = await workers.ask({"do": "answer"})
        ends = os.pidfd_open(workers.pids[0])
        os.kill(workers.pids[0], signal.SIGKILL)
        await asyncio.to_thread(select.select, [ends], [], [], 5)
        os.close(ends)
        # Its pipes are closed by now; the loop takes note of that at its next turns.
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        again = await workers.ask({"do": "answer"})
        await workers.close()
        return first["pid"], again["pid"]

    first, again = uvloop.run(kill_between_two_questions())
    assert first != again
