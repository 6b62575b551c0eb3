"""JsSIP, the phone of browsers, in Node.js: it registers, calls and is called over a WebSocket.

It is steered by lines on its standard input and says a line per thing that happened; see
`tests/data/jssip`. Its WebRTC sends a tone, and tells the loudest tone that it hears.
"""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from support.peers import STOP_SECONDS, dying_with_us, require, skip_missing

ROOT = Path(__file__).parents[2]
PHONE = ROOT / "tests" / "data" / "jssip" / "phone.js"
MODULES = ROOT / ".tmp" / "jssip" / "node_modules"


class Browser:
    """A running JsSIP. `said` is what it said and was read."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.said: list[str] = []
        self._process = process

    def tell(self, line: str) -> None:
        """Give it a command: `call URI`, `answer`, `decline`, `hangup`, `hold` or `resume`."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{line}\n".encode())

    async def says(self, wanted: str, *, seconds: float = 20) -> str:
        """Wait for the next line that begins like this, and give it."""
        assert self._process.stdout is not None
        try:
            async with asyncio.timeout(seconds):
                while line := (await self._process.stdout.readline()).decode():
                    self.said.append(line.strip())
                    if line.startswith(wanted):
                        return line.strip()
        except TimeoutError:
            pass
        raise AssertionError(f"no {wanted!r} within {seconds} s, but {self.said}")


@asynccontextmanager
async def browser(
    url: str,
    uri: str = "sip:ann@example.com",
    password: str = "secret",
    *,
    hertz: int = 440,
    trusting: Path | None = None,
) -> AsyncIterator[Browser]:
    """Run it until the block ends. It trusts certificates that the CA `trusting` has signed."""
    node = require("node", package="nodejs")
    if not (MODULES / "jssip").is_dir():
        skip_missing("JsSIP is not installed: tools/setup peers")
    trust = {} if trusting is None else {"NODE_EXTRA_CA_CERTS": str(trusting)}
    process = await asyncio.create_subprocess_exec(
        *dying_with_us([node, str(PHONE), url, uri, password, str(hertz)]),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        env=os.environ | {"NODE_PATH": str(MODULES)} | trust,
    )
    assert process.stdin is not None
    try:
        yield Browser(process)
    finally:
        process.stdin.close()
        try:
            async with asyncio.timeout(STOP_SECONDS):
                await process.communicate()
        except TimeoutError:
            process.kill()
            await process.wait()
