"""The data folder belongs to one server at a time."""

import os
from pathlib import Path

import pytest

from opentact.app.data_folder import (
    DataFolderInUse,
    DataFolderUnusable,
    hold,
    make_folders,
    node_name,
)


def test_one_at_a_time_holds_it_and_is_named_to_the_other(tmp_path: Path) -> None:
    with hold(tmp_path / "data"), pytest.raises(DataFolderInUse, match=f"process {os.getpid()}"):
        hold(tmp_path / "data").__enter__()
    with hold(tmp_path / "data"):
        pass


def test_a_folder_that_cannot_be_is_one_sentence(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(DataFolderUnusable, match="--data DIR"):
        hold(file / "data").__enter__()
    with pytest.raises(DataFolderUnusable, match="Not a directory"):
        make_folders(file, "recordings")


def test_a_node_keeps_its_name(tmp_path: Path) -> None:
    name = node_name(tmp_path)
    assert len(name) == 16
    assert node_name(tmp_path) == name
    (tmp_path / "other").mkdir()
    assert node_name(tmp_path / "other") != name


def test_a_name_that_a_crash_left_empty_is_drawn_anew(tmp_path: Path) -> None:
    (tmp_path / "node").touch()
    assert len(node_name(tmp_path)) == 16
