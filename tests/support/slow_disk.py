"""A disk that has what was committed when a test says so, or that fails."""

import threading

import pytest

from opentact.adapters.storage import disk


class SlowDisk:
    """Stands in the way of `disk.to_disk`: each sync waits until `go_on` is set."""

    def __init__(self, fault: OSError | None = None) -> None:
        self.began = 0
        self.go_on = threading.Event()
        self.fault = fault

    def to_disk(self, _opened: int) -> None:
        self.began += 1
        assert self.go_on.wait(timeout=20)
        if self.fault is not None:
            raise self.fault


def slow_disk(patch: pytest.MonkeyPatch, fault: OSError | None = None) -> SlowDisk:
    """Have every sync wait for `go_on`, and raise the fault then."""
    slow = SlowDisk(fault)
    patch.setattr(disk, "to_disk", slow.to_disk)
    return slow
