"""The bounded folder."""

import os
from pathlib import Path

from opentact.adapters.audio.store import Store


def put(store: Store, name: str, size: int) -> Path:
    part = store.part()
    part.write_bytes(bytes(size))
    return store.put(name, part)


def kept(store: Store, *names: str) -> set[str]:
    return {name for name in names if store.find(name)}


def test_what_was_put_is_found(tmp_path: Path) -> None:
    store = Store(tmp_path / "new" / "folder")
    path = put(store, "a", 10)

    assert store.find("a") == path
    assert path.stat().st_size == store.total_bytes == 10
    assert store.find("b") is None


def test_what_was_not_used_for_longest_goes_first(tmp_path: Path) -> None:
    store = Store(tmp_path, max_bytes=30)
    for name in "abc":
        put(store, name, 10)
    store.find("a")
    put(store, "d", 10)

    assert kept(store, "a", "b", "c", "d") == {"a", "c", "d"}
    assert store.total_bytes == 30


def test_the_newest_stays_however_large(tmp_path: Path) -> None:
    store = Store(tmp_path, max_bytes=30)
    put(store, "a", 10)
    put(store, "b", 100)
    assert kept(store, "a", "b") == {"b"}


def test_replacing_counts_once(tmp_path: Path) -> None:
    store = Store(tmp_path)
    put(store, "a", 10)
    put(store, "a", 20)
    assert (store.total_bytes, len(store)) == (20, 1)


def test_a_file_that_is_used_is_still_the_file_that_was_written(tmp_path: Path) -> None:
    store = Store(tmp_path)
    os.utime(put(store, "a", 10), (1_000_000, 1_000_000))
    path = store.find("a")
    assert path
    assert path.stat().st_mtime == 1_000_000
    assert path.stat().st_atime > 1_000_000


def test_after_a_restart_the_oldest_still_goes_first(tmp_path: Path) -> None:
    before = Store(tmp_path)
    for age, name in enumerate("cab"):
        os.utime(put(before, name, 10), (1_000_000 - age, 1_000_000 - age))
    store = Store(tmp_path, max_bytes=30)
    put(store, "d", 10)

    assert kept(store, "a", "b", "c", "d") == {"a", "c", "d"}


def test_what_another_server_has_made_is_found(tmp_path: Path) -> None:
    ours, theirs = Store(tmp_path), Store(tmp_path)
    put(theirs, "a", 10)
    assert ours.find("a")
    assert ours.total_bytes == 10


def test_what_somebody_has_removed_is_forgotten(tmp_path: Path) -> None:
    store = Store(tmp_path)
    put(store, "a", 10).unlink()
    assert store.find("a") is None
    assert store.total_bytes == 0


def test_what_a_crash_left_half_made_is_swept_out(tmp_path: Path) -> None:
    left, fresh = tmp_path / "old.part", tmp_path / "new.part"
    for path in (left, fresh):
        path.write_bytes(b"half")
    os.utime(left, (0, 0))
    store = Store(tmp_path)

    assert (left.exists(), fresh.exists(), len(store)) == (False, True, 0)
