"""Our commands in processes of their own, with settings from nowhere but the test."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

PROGRAM = Path(sys.executable).with_name("opentact")
SECONDS = 60.0


def environment(settings: Mapping[str, object]) -> dict[str, str]:
    """Give this process's environment, with these settings of ours and no others."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("OPENTACT_")}
    return kept | {f"OPENTACT_{name.upper()}": str(value) for name, value in settings.items()}


def command(folder: Path, *words: str, **settings: object) -> "subprocess.CompletedProcess[str]":
    """Run a command of ours to its end; `folder` holds the data folder under the name `data`."""
    return subprocess.run(
        [str(PROGRAM), *words],
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS,
        cwd=folder,
        env=environment({"data": folder / "data", **settings}),
    )
