"""What a database says when it cannot be used, in a sentence an operator can act on."""

import sqlalchemy as sa

from opentact.kit.faults import Fault

_WORDS = {
    "SQLITE_FULL": "the disk is full",
    "SQLITE_READONLY": "the file or its folder may not be written",
    "SQLITE_IOERR": "the disk failed",
    "SQLITE_CORRUPT": "the file is damaged",
    "SQLITE_NOTADB": "the file is no SQLite database",
    "SQLITE_CANTOPEN": "the file cannot be opened",
}
# Classes of SQLSTATE by which PostgreSQL says that it is at fault itself.
_GONE = ("57P", "08")  # it shuts down or starts up, or the connection broke
_FULL = "53"  # the disk, the memory, the connections
_DAMAGED = ("SQLITE_CORRUPT", "SQLITE_NOTADB")


class DatabaseUnusable(Fault):
    """The database cannot be used: its file is damaged, or the server does not answer.

    Check the path or address in `OPENTACT_DATABASE_URL`; a damaged SQLite file is restored from
    a backup, or moved away to begin anew.
    """

    code = "database_unusable"
    status = 503


def unusable(error: BaseException) -> DatabaseUnusable | None:
    """Say that the database is at fault; None when the statement is."""
    if isinstance(error, ConnectionError | TimeoutError | OSError):
        return DatabaseUnusable(f"The database does not answer: {cause(error)}")
    if not isinstance(error, sa.exc.DBAPIError):
        return None
    name = getattr(error.orig, "sqlite_errorname", "")
    for known, words in _WORDS.items():
        if name.startswith(known):
            advice = (
                ". Restore it from a backup, or move it away and start again with an empty one"
                if known in _DAMAGED
                else ""
            )
            return DatabaseUnusable(f"The database cannot be used: {words} ({error.orig}){advice}")
    state = str(getattr(error.orig, "sqlstate", ""))
    if state.startswith(_FULL):
        return DatabaseUnusable(f"The database cannot be used: {cause(error)}")
    if error.connection_invalidated or state.startswith(_GONE):
        return DatabaseUnusable(f"The database went away: {cause(error)}")
    return None


def cause(error: BaseException) -> str:
    """Tell in one line what the driver said."""
    original = getattr(error, "orig", None)
    text = str(original or error) or type(error).__name__
    return text.split("\n", 1)[0]


def said(error: BaseException) -> str:
    """Put any failure of a database in one sentence."""
    if isinstance(error, DatabaseUnusable):
        return str(error)
    return str(unusable(error) or f"The database cannot be used: {cause(error)}")
