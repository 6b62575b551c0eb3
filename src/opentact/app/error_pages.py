"""The page of all faults, written from the faults themselves.

Every answer that refuses a request carries a `code` and a `doc_url`; this page is where the
latter leads. `make docs` writes it, and a test notices when it is older than the code.
"""

import importlib
import inspect
import pkgutil
import sys
from collections.abc import Iterable
from pathlib import Path

import opentact
from opentact.kit.faults import Fault

PAGE = Path("docs/reference/errors.md")

HEAD = """\
# Errors

<!-- Written by `make docs` from the docstrings of the faults. Change those, not this page. -->

A request that is refused is answered with the HTTP status below and a JSON body that carries
`code`, `message` and `request_id`; when fields are at fault, `fields` names every one of them.
Programs match on `code`: messages may change, codes do not.

| Code | Status | In short |
|---|---|---|
"""


def catalogue() -> list[type[Fault]]:
    """Every fault of every module, sorted by code. Imports all of opentact."""
    for module in pkgutil.walk_packages(opentact.__path__, "opentact."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    return sorted(_below(Fault), key=lambda fault: (fault.code, fault.__module__))


def render(faults: Iterable[type[Fault]]) -> str:
    """Write the page, in Markdown."""
    faults = list(faults)
    rows = [f"| [`{f.code}`](#{f.code}) | {f.status} | {_said(f)[0]} |\n" for f in faults]
    return HEAD + "".join(rows) + "".join(_section(fault) for fault in faults)


def main() -> None:
    """Write the page to where it is kept, from the root of the checkout."""
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text(render(catalogue()), encoding="utf-8")
    sys.stdout.write(f"{PAGE}\n")


def _below(fault: type[Fault]) -> set[type[Fault]]:
    below = {each for each in fault.__subclasses__() if each.__module__.startswith("opentact.")}
    return below.union(*(_below(each) for each in below))


def _said(fault: type[Fault]) -> list[str]:
    return inspect.cleandoc(fault.__doc__ or "").splitlines() or [""]


def _section(fault: type[Fault]) -> str:
    text = "\n".join(_said(fault))
    return f"\n## {fault.code}\n\nStatus {fault.status}.\n\n{text}\n"


if __name__ == "__main__":
    main()
