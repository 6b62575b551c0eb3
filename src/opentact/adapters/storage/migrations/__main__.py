"""Write the next revision: `python -m opentact.adapters.storage.migrations "why"`.

The difference between the newest revision and the entities becomes a file in `versions/`, for
its author to read. With `--first` the first revision is written anew (only while no release
has gone out).
"""

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.script import ScriptDirectory

from opentact.adapters.storage import migrations

from .metadata import whole_metadata
from .options import add_expression_indexes

FIRST = "0001"


def write(message: str, *, first: bool = False) -> Path:
    """Write the revision and note it as the newest."""
    metadata = whole_metadata()  # first, so that what does not import removes nothing
    if first:
        shutil.rmtree(migrations.SCRIPT / "versions")
        (migrations.SCRIPT / "versions").mkdir()
    # Those are added by ourselves.
    warnings.filterwarnings("ignore", "autogenerate skipping metadata-specified expression")
    script = ScriptDirectory.from_config(migrations.configuration())
    number = FIRST if first else f"{int(script.get_current_head() or 0) + 1:04}"
    with tempfile.TemporaryDirectory() as folder:
        engine = sa.create_engine(f"sqlite:///{folder}/empty.db")
        with engine.begin() as connection:
            if not first:
                migrations.upgrade(connection)
            config = migrations.configuration(connection, metadata=metadata, batch=not first)
            written = command.revision(
                config,
                message,
                autogenerate=True,
                rev_id=number,
                process_revision_directives=add_expression_indexes,
            )
        engine.dispose()
    assert written is not None  # noqa: S101 - one revision was asked for
    assert not isinstance(written, list)  # noqa: S101
    _note_head(number)
    _tidy(Path(written.path))
    return Path(written.path)


def _note_head(number: str) -> None:
    module = Path(migrations.__file__)
    text = re.sub(r'^HEAD = ".*"$', f'HEAD = "{number}"', module.read_text(), flags=re.MULTILINE)
    module.write_text(text)


def _tidy(path: Path) -> None:
    text = re.sub(r"^ +# ###.*\n", "", path.read_text(), flags=re.MULTILINE)
    path.write_text(text)
    ruff = Path(sys.executable).with_name("ruff")
    subprocess.run([ruff, "check", "-s", "--fix", path], check=False)  # noqa: S603 - ours
    subprocess.run([ruff, "format", "-q", path], check=True)  # noqa: S603 - ours


def main() -> None:
    """Read the command line and say what was written."""
    parser = argparse.ArgumentParser(prog="make migration", description=__doc__)
    parser.add_argument("message", help="why the schema changes, as a sentence without its stop")
    parser.add_argument("--first", action="store_true", help="write the first revision anew")
    given = parser.parse_args()
    sys.stdout.write(f"{write(given.message, first=given.first)}: read it before you commit it\n")


if __name__ == "__main__":
    main()
