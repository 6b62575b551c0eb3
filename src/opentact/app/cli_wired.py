"""`opentact numbers` and `opentact rates`, told which database there is."""

from opentact.adapters.storage.database import Database

from . import cli_numbers, cli_rates
from .settings import load

numbers_app = cli_numbers.numbers_app
rates_app = cli_rates.rates_app


def _database() -> Database:
    return Database(load({}).url)


cli_numbers.get_database = _database
cli_rates.get_database = _database
