"""Work that must not hold up the tick: files are read and written in threads.

Results come back through a mailbox and an event descriptor that the tick loop watches, so that
everything but the job itself happens in the loop's own thread.
"""

import contextlib
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from queue import Empty, SimpleQueue
from typing import TypeVar

T = TypeVar("T")


class Background:
    """One thread that does jobs in order, and one beside it for those that may take long."""

    def __init__(self, name: str, *, urgent: bool = False) -> None:
        """Of `urgent` jobs the thread comes right behind the tick at the processor."""
        self._thread = ThreadPoolExecutor(
            max_workers=1, thread_name_prefix=name, initializer=_come_second if urgent else None
        )
        self._beside = ThreadPoolExecutor(max_workers=1, thread_name_prefix=f"{name}-slow")
        self._mailbox: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._event = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)

    def fileno(self) -> int:
        """Readable when `deliver` has something to do."""
        return self._event

    def run(self, job: Callable[[], T], done: Callable[[T | OSError | ValueError], None]) -> None:
        """Do `job` in the thread; `deliver` will hand its result, or its error, to `done`."""
        self._submit(self._thread, job, done)

    def run_beside(
        self, job: Callable[[], T], done: Callable[[T | OSError | ValueError], None]
    ) -> None:
        """Do a job that may take long, and that no other waits for, in the thread beside."""
        self._submit(self._beside, job, done)

    def _submit(
        self,
        thread: ThreadPoolExecutor,
        job: Callable[[], T],
        done: Callable[[T | OSError | ValueError], None],
    ) -> None:
        def work() -> None:
            result: T | OSError | ValueError
            try:
                result = job()
            except (OSError, ValueError) as error:
                result = error
            self._mailbox.put(lambda: done(result))
            os.eventfd_write(self._event, 1)

        thread.submit(work)

    def deliver(self) -> None:
        """Hand over what is done."""
        with contextlib.suppress(BlockingIOError):
            os.eventfd_read(self._event)
        with contextlib.suppress(Empty):
            while True:
                self._mailbox.get_nowait()()

    def close(self) -> None:
        """Finish the jobs begun, and deliver their results."""
        for thread in (self._thread, self._beside):
            thread.shutdown(wait=True)
            self.deliver()
        os.close(self._event)


def _come_second() -> None:
    """Come before ordinary work where the tick does, and behind the tick itself.

    Else ordinary work keeps this thread from the processor while it holds the interpreter's
    lock, and the tick waits for both.
    """
    policy = os.sched_getscheduler(os.getpid()) & ~os.SCHED_RESET_ON_FORK
    if policy == os.SCHED_RR:
        with contextlib.suppress(OSError):
            os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(os.sched_get_priority_min(policy)))
