"""The data folder: one server's own, kept from a second one by a lock."""

import fcntl
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from opentact.kit.faults import Fault

LOCK = "lock"
NODE = "node"


class DataFolderUnusable(Fault):
    """The data folder cannot be written: choose another with --data DIR, or change its rights."""

    code = "data_folder_unusable"
    status = 500


class DataFolderInUse(Fault):
    """Another opentact serves from this data folder: stop it, or choose another with --data."""

    code = "data_folder_in_use"
    status = 500


@contextmanager
def hold(folder: Path) -> Iterator[None]:
    """Hold the folder while the block runs. The lock ends with the process, however that ends."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise _unusable(folder, error) from None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.read(descriptor, 32).decode("ascii", "replace").strip()
        os.close(descriptor)
        raise DataFolderInUse(
            f"Another opentact (process {holder or 'unknown'}) serves from {folder.absolute()}."
            " Stop it, or choose another folder with --data DIR"
        ) from None
    try:
        os.ftruncate(descriptor, 0)
        os.write(descriptor, f"{os.getpid()}\n".encode())
        yield
    finally:
        os.close(descriptor)


def node_name(folder: Path) -> str:
    """Name this node, the same after a restart: its calls are closed by it and by no other."""
    file = folder / NODE
    name = file.read_text().strip() if file.is_file() else ""
    if not name:
        name = secrets.token_hex(8)
        fresh = file.with_suffix(".new")
        fresh.write_text(name)
        fresh.replace(file)
    return name


def make_folders(folder: Path, *names: str) -> None:
    """Make the folders in it, or raise `DataFolderUnusable`."""
    try:
        for name in names:
            (folder / name).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _unusable(folder, error) from None


def _unusable(folder: Path, error: OSError) -> DataFolderUnusable:
    return DataFolderUnusable(
        f"The data folder {folder.absolute()} cannot be used: {error.strerror}."
        " Choose another with --data DIR, or change its rights"
    )
