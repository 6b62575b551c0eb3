"""Units of work whose statements each take microseconds, said so by whoever writes them.

A database that works in a thread (SQLite) may then do them where they are asked for: waking a
thread and waiting for it costs several times what they do. It is a promise about every statement
of the unit: found by an index, a handful of rows.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_quick: ContextVar[bool] = ContextVar("quick", default=False)


@contextmanager
def quick() -> Iterator[None]:
    """Promise that what is asked of the database in this block is quick."""
    token = _quick.set(True)
    try:
        yield
    finally:
        _quick.reset(token)


def is_quick() -> bool:
    """Tell whether that was promised."""
    return _quick.get()
