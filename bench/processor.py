"""What processors were used for, as the kernel counts it."""

import os
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pid: int) -> float:
    """Tell what a process used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def stolen_seconds() -> float:
    """Tell what the host gave to others while a processor of this machine had work to do.

    A tenth of one processor is enough to double a p99, ours and any peer's.
    """
    return int(Path("/proc/stat").read_text().split(maxsplit=9)[8]) / _TICKS
