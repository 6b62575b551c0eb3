"""`opentact numbers`, told which database there is."""

from opentact.adapters.storage.database import Database

from . import cli_numbers
from .settings import load

numbers_app = cli_numbers.numbers_app


def _database() -> Database:
    return Database(load({}).url)


cli_numbers.get_database = _database
