"""What we promise each other about the source, kept by tests (docs/decisions/0002 for the walls).

Each promise lists its offenders. What may offend stands in `tests/exceptions.toml`, with a line
of why; an exception that is no longer needed fails the test too, so the lists only shrink.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from opentact.app import error_pages
from opentact.kit.faults import Fault
from support import sources
from support.sources import ROOT, Module, held, modules, texts, words

LONGEST_FILE, LONGEST_FUNCTION = 300, 40
MONEY = words("amount balance cost charge price fee dollars money debit credit")
LOCKS = (
    "requirements.lock",
    "requirements-dev.lock",
    "requirements-voice.lock",
    "requirements-transcription.lock",
)
# `now()` is naive without a zone, the others always.
NAIVE = re.compile(r"(.*\.)?(today\(.*\)|utcnow\(\)|utcfromtimestamp\(.*\)|datetime\.now\(\))")
UNFINISHED = re.compile(r"\b(TO" + r"DO|FIX" + r"ME|HA" + r"CK)\b")
# Whose home, and where its owner keeps projects, is nobody's business.
DEVELOPER_PATH = re.compile(r"(?<![\w.~])/(home|Users|root|work|workspace)/[\w.-]+")


def none_but(offenders: list[str]) -> None:
    """Fail with every offender on a line of its own."""
    if offenders:
        pytest.fail("\n".join(["who breaks the promise:", *offenders]), pytrace=False)


def docstrings_missing(module: Module) -> bool:
    return bool(module.tree.body) and not ast.get_docstring(module.tree)


def too_long(module: Module) -> Iterator[tuple[str, str]]:
    lines = module.text.count("\n")
    if lines > LONGEST_FILE:
        yield module.path, f"{module.path}: {lines} lines, {LONGEST_FILE} is the budget"
    for node in ast.walk(module.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or 0) - node.lineno + 1
            if lines > LONGEST_FUNCTION:
                place = f"{module.path}:{node.name}"
                yield place, f"{place}: {lines} lines, {LONGEST_FUNCTION} is the budget"


def naive_times(module: Module) -> list[str]:
    return [module.at(call) for call in module.calls() if NAIVE.fullmatch(ast.unparse(call))]


def float_money(module: Module) -> list[str]:
    calls = [
        module.at(call)
        for call in module.calls()
        if ast.unparse(call.func) == "float" and words(ast.unparse(call)) & MONEY
    ]
    notes = [
        module.at(node.annotation)
        for node in ast.walk(module.tree)
        if isinstance(node, ast.AnnAssign) and words(ast.unparse(node.target)) & MONEY
        if "float" in words(ast.unparse(node.annotation))
    ]
    return calls + notes


def sleeps(module: Module) -> list[str]:
    return [
        module.at(call)
        for call in module.calls()
        if ast.unparse(call.func) in ("time.sleep", "asyncio.sleep", "sleep")
        and ast.unparse(call.args[0]) != "0"
    ]


def lacking(fault: type[Fault]) -> Iterator[str]:
    if not re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", fault.code):
        yield "wants a code in snake case"
    if not vars(fault).get("__doc__"):
        yield "wants a docstring: it is the help page"
    if not 400 <= fault.status <= 599:
        yield "wants a status from 400 to 599"


def homes_of_its_test(module: Module) -> list[str]:
    """Where its tests may be: `tests/kit/test_clock.py`, or `tests/kit/test_kit.py` for all."""
    inner = Path(module.path).relative_to("src/opentact")
    folder, package = inner.parent, inner.parent.name
    places = [folder / f"test_{inner.stem}.py", folder / f"test_{package}.py"]
    places.append(folder.parent / f"test_{package}.py")
    return [str(Path("tests") / place) for place in places]


def test_every_module_says_what_it_is_about() -> None:
    silent = [m.path for m in modules("src", "bench", "examples") if docstrings_missing(m)]
    none_but(silent)


def test_every_module_has_its_test_file() -> None:
    inner = [m for m in modules("src") if not m.path.endswith(("__init__.py", "__main__.py"))]
    untested = {
        module.path: f"{module.path} wants {homes_of_its_test(module)[0]}"
        for module in inner
        if not any((ROOT / place).exists() for place in homes_of_its_test(module))
    }
    none_but(held("without_test_file", untested))


def test_the_exceptions_to_that_name_the_test_that_does_it() -> None:
    reasons = sources.exceptions("without_test_file")
    named = {path: re.match(r"tests/\S+\.py", why) for path, why in reasons.items()}
    assert [p for p, test in named.items() if not test or not (ROOT / test[0]).exists()] == []


def test_nothing_is_longer_than_a_reader_holds() -> None:
    long = [each for module in modules("src", "tests", "bench") for each in too_long(module)]
    none_but(held("too_long", dict(long)))


def test_only_the_command_line_prints() -> None:
    printing = {
        module.at(call): f"{module.at(call)} prints"
        for module in modules("src")
        for call in module.calls()
        if ast.unparse(call.func) == "print" and not module.is_in("app")
    }
    none_but(held("prints", printing))


def test_no_time_is_naive() -> None:
    none_but([place for module in modules("src", "bench") for place in naive_times(module)])


def test_money_is_never_a_float() -> None:
    # On the wire money is a JSON number (spec/01); `api/wire` is where it becomes one.
    inner = [module for module in modules("src") if not module.is_in("api/wire")]
    places = [(module, place) for module in inner for place in float_money(module)]
    none_but(held("float_money", {m.path: place for m, place in places}))


def test_tests_below_e2e_do_not_sleep() -> None:
    quick = [m for m in modules("tests") if not m.path.startswith("tests/e2e/")]
    places = {m.path: f"{place} sleeps" for m in quick for place in sleeps(m)}
    none_but(held("sleeps", places))


def test_nothing_is_left_for_later() -> None:
    left = [
        f"{path}:{number}"
        for path, text in texts()
        for number, line in enumerate(text.splitlines(), start=1)
        if UNFINISHED.search(line)
    ]
    none_but(left)


def test_no_file_knows_a_developers_machine() -> None:
    found = {path: DEVELOPER_PATH.search(text) for path, text in texts()}
    none_but(held("developer_path", {p: f"{p}: {hit[0]}" for p, hit in found.items() if hit}))


@pytest.mark.parametrize("lock", LOCKS)
def test_locks_name_no_host_and_a_hash_for_every_package(lock: str) -> None:
    text = (ROOT / lock).read_text(encoding="utf-8")
    assert "://" not in text
    assert "--index" not in text
    pins = re.findall(r"^\w[^\n]*(?:\n    --hash=sha256:[0-9a-f]{64}[^\n]*)+", text, re.MULTILINE)
    assert len(pins) == len(re.findall(r"^\w", text, re.MULTILINE)) > 0


@pytest.mark.parametrize("lock", LOCKS[1:])
def test_what_runs_is_what_is_tested(lock: str) -> None:
    runtime, larger = (
        set(re.findall(r"^\w.*(?= \\$)", (ROOT / name).read_text(encoding="utf-8"), re.MULTILINE))
        for name in (LOCKS[0], lock)
    )
    assert runtime <= larger


@pytest.fixture(scope="module")
def faults() -> list[type[Fault]]:
    return error_pages.catalogue()


def test_no_two_faults_share_a_code(faults: list[type[Fault]]) -> None:
    codes = [fault.code for fault in faults]
    none_but([f"{f.__module__}.{f.__name__}: {f.code}" for f in faults if codes.count(f.code) > 1])


def test_every_fault_is_a_catalogue_entry(faults: list[type[Fault]]) -> None:
    none_but([f"{fault.__name__} {what}" for fault in faults for what in lacking(fault)])


def test_the_page_of_errors_is_not_stale(faults: list[type[Fault]]) -> None:
    page = (ROOT / error_pages.PAGE).read_text(encoding="utf-8")
    assert page == error_pages.render(faults), "run: make docs"


def test_a_fault_that_is_no_catalogue_entry_is_noticed() -> None:
    class Nameless(Fault):
        code = "Not-Snake"
        status = 200

    assert list(lacking(Nameless)) == [
        "wants a code in snake case",
        "wants a docstring: it is the help page",
        "wants a status from 400 to 599",
    ]


def bad(source: str) -> Module:
    return Module("src/opentact/kit/bad.py", source)


def test_the_promises_bite() -> None:
    assert docstrings_missing(bad("x = 1"))
    assert [place for place, _ in too_long(bad("x = 1\n" * 301))] == ["src/opentact/kit/bad.py"]
    long = "def f():\n" + "    x = 1\n" * 41
    assert [place for place, _ in too_long(bad(long))] == ["src/opentact/kit/bad.py:f"]
    for naive in ("datetime.now()", "datetime.datetime.utcnow()", "date.today()"):
        assert naive_times(bad(naive)) == ["src/opentact/kit/bad.py:1"], naive
    assert naive_times(bad("datetime.now(UTC)")) == []
    assert float_money(bad("float(order.unit_price)"))
    assert float_money(bad("class A:\n    balance: float"))
    assert float_money(bad("float(jitter)")) == []
    assert sleeps(bad("await asyncio.sleep(0.1)"))
    assert sleeps(bad("await asyncio.sleep(0)")) == []
    assert DEVELOPER_PATH.search("see /ho" + "me/ann/opentact")
    assert not DEVELOPER_PATH.search("https://example.com/home/page")
    assert UNFINISHED.search("# TO" + "DO: later")


def test_an_exception_that_outlived_its_cause_is_noticed() -> None:
    assert held("sleeps", {}) != [] or not sources.exceptions("sleeps")
    assert held("no such promise", {"a.py": "a.py offends"}) == ["a.py offends"]
