"""The project's own source, read as data by the tests that keep its promises."""

import ast
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "opentact"
TESTS = ROOT / "tests"
EXCEPTIONS = TESTS / "exceptions.toml"


@dataclass(frozen=True)
class Module:
    """One Python file. `path` is relative to the root of the checkout."""

    path: str
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text)

    @property
    def package(self) -> tuple[str, ...]:
        """Where relative imports start: `("opentact", "voice", "sip")`."""
        return Path(self.path).parts[1:-1]

    def is_in(self, folder: str) -> bool:
        """Tell whether it lies in this folder below `src/opentact`, such as `voice/sip`."""
        return self.path.startswith(f"src/opentact/{folder}/")

    def imports(self) -> set[str]:
        """Absolute names of all it imports, wherever it does: at the top, or in a function."""
        found = set()
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                found |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                kept = len(self.package) - node.level + 1
                base = self.package[:kept] if node.level else ()
                module = ".".join((*base, *filter(None, [node.module])))
                found |= {f"{module}.{alias.name}" for alias in node.names}
        return found

    def calls(self) -> Iterator[ast.Call]:
        return (node for node in ast.walk(self.tree) if isinstance(node, ast.Call))

    def at(self, node: ast.expr | ast.stmt) -> str:
        return f"{self.path}:{node.lineno}"


def modules(*folders: str) -> list[Module]:
    """Every Python file below these folders of the checkout."""
    return [
        Module(str(path.relative_to(ROOT)), path.read_text(encoding="utf-8"))
        for folder in folders
        for path in sorted((ROOT / folder).rglob("*.py"))
    ]


def exceptions(promise: str) -> Mapping[str, str]:
    """What `tests/exceptions.toml` lets by: a path or place, and why."""
    allowed: dict[str, str] = tomllib.loads(EXCEPTIONS.read_text("utf-8")).get(promise, {})
    return allowed


def held(promise: str, offenders: Mapping[str, str]) -> list[str]:
    """Say who breaks the promise without leave, and which leave nobody needs any more.

    `offenders` maps what an exception would name to the line to print. An empty answer means
    that the promise is kept, and that the list of exceptions has not outlived its cause.
    """
    allowed = exceptions(promise)
    broken = [line for name, line in offenders.items() if name not in allowed]
    stale = [
        f"{name}: keeps [{promise}] now, drop its exception" for name in allowed.keys() - offenders
    ]
    return broken + sorted(stale)


def texts() -> Iterator[tuple[str, str]]:
    """Every text file that is ours: path and content. Lock files and captures are not ours."""
    kept = ("src", "tests", "docs", "bench", "examples", "tools", ".ci")
    paths = [path for folder in kept for path in (ROOT / folder).rglob("*")]
    paths += [path for path in ROOT.iterdir() if path.suffix != ".lock"]
    for path in sorted(paths):
        if path.is_file() and "__pycache__" not in path.parts and path.name != ".coverage":
            try:
                yield str(path.relative_to(ROOT)), path.read_text(encoding="utf-8")
            except UnicodeDecodeError:
                continue


def words(text: str) -> set[str]:
    """Split an expression into the words of its names: `order.unit_price` has `price`."""
    return set(re.findall(r"[a-z]+", text.lower()))
