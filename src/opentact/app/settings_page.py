"""The page of all settings, written from their table.

`make docs` writes it, and a test notices when it is older than the code.
"""

import sys
from dataclasses import fields
from pathlib import Path

from .settings import FILE, PREFIX, Settings

PAGE = Path("docs/operating/settings.md")

HEAD = f"""\
# Settings

<!-- Written by `make docs` from the table in src/opentact/app/settings.py. Change that. -->

Each setting can be given as an environment variable, or under its lower-case name in
`{FILE}` in the folder the server is started from (`{PREFIX}CONFIG` names another file). An
option of the command line wins over the environment, that over the file. A value that cannot
be used, or a name in the file that nobody knows, stops the start with one sentence.

```toml
# {FILE}
http = "0.0.0.0:8080"
database_url = "postgresql+asyncpg://opentact@db.example.com/opentact"
```

| Variable | Default | What it is |
|---|---|---|
"""


def render() -> str:
    """Write the page, in Markdown."""
    rows = []
    for each in fields(Settings):
        default = str(each.default).lower() if isinstance(each.default, bool) else each.default
        shown = f"`{default}`" if str(default) else "empty"
        rows.append(f"| `{PREFIX}{each.name.upper()}` | {shown} | {each.metadata['about']} |\n")
    return HEAD + "".join(rows)


def main() -> None:
    """Write the page to where it is kept, from the root of the checkout."""
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text(render(), encoding="utf-8")
    sys.stdout.write(f"{PAGE}\n")


if __name__ == "__main__":
    main()
