"""All that is to be stored: the tables of every entity there is."""

import importlib
import pkgutil

import sqlalchemy as sa

import opentact
from opentact.kit.entities import Base


def whole_metadata() -> sa.MetaData:
    """Import every module of opentact, so that no entity is missing, and give their tables."""
    for module in pkgutil.walk_packages(opentact.__path__, "opentact."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    return Base.metadata
