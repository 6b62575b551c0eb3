"""Work that outlives a restart of its database: done again until the database is back.

For what nobody waits for and what must not be given up; whoever has a caller waiting says no
instead. What is done again must find out by itself whether a commit that seemed to fail did not.
"""

import asyncio
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import TypeVar

import structlog
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from opentact.kit.faults import Fault

T = TypeVar("T")
AGAIN_S = 1.0
_AWAY = (DBAPIError, ConnectionError, PoolTimeout)
_WRONG = (IntegrityError, DataError, ProgrammingError)
log = structlog.get_logger(__name__)


def is_away(error: Exception) -> bool:
    """Tell whether the database is at fault, and for now, rather than what was asked of it."""
    if isinstance(error, Fault):
        return error.status >= HTTPStatus.INTERNAL_SERVER_ERROR
    return isinstance(error, _AWAY) and not isinstance(error, _WRONG)


async def patiently(work: Callable[[], Awaitable[T]]) -> T:
    """Do the work, and again every `AGAIN_S` seconds while the database is away."""
    while True:
        try:
            return await work()
        except Exception as error:
            if not is_away(error):
                raise
            log.warning("waiting_for_the_database", error=repr(error))
        await asyncio.sleep(AGAIN_S)
