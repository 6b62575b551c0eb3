"""When the collector of cycles looks at what: never at everything while calls are on.

Calls and requests leave no cycles behind, so reference counts free them; what the collector is
for is the odd cycle of a fault or of a library. A pass over everything takes tenths of a second
on a busy server, and every call would wait for it.
"""

import asyncio
import gc
from collections.abc import Callable

LOOK_S = 30.0
PATIENCE_S = 600.0
"""A server that is never quiet is held up once in so long."""


def settle_memory() -> None:
    """Keep the collector away from what stays for ever: modules, routes, mappers.

    Young objects are looked through whenever 1,000 more of them were made than any were freed.
    Calls that begin while others end make and free as many, so there are several times as many to
    look at by then, and a pass takes 1 to 4 ms. Those that lived on are looked at hardly ever, and
    all of them only by `tidy`.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(1_000, 20_000, 1_000_000)


async def tidy(
    is_quiet: Callable[[], bool], *, every: float = LOOK_S, patience: float = PATIENCE_S
) -> None:
    """Look through everything in quiet moments, for ever; times in seconds."""
    waited = 0.0
    while True:
        await asyncio.sleep(every)
        waited += every
        if is_quiet() or waited >= patience:
            gc.collect()
            waited = 0.0
