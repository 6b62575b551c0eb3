"""baresip, a softphone as people use them: it registers, calls, answers, presses keys, hangs up.

It is steered over its JSON interface (netstrings on TCP) and reports events there. It speaks a
tone or a file, and writes down what it hears. Two traps: `net_interface` must stay unset (else it
binds to one interface and loopback is lost), and its tone needs 48 kHz and two channels.
"""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from support.peers import LOOPBACK, STOP_SECONDS, dying_with_us, free_port, require

MODULE_FOLDERS = ("/usr/lib/baresip/modules", "/usr/local/lib/baresip/modules")
MODULES = ("g711", "aufile", "ausine", "aubridge", "sndfile")
APPLICATIONS = ("account", "contact", "menu", "ctrl_tcp")
LONGEST_FRAME = 1 << 20

# One key pressed, sent and let go: quicker, and baresip runs two digits into one.
KEY_SECONDS = 0.3

Event = dict[str, Any]


class Softphone:
    """A running baresip. `uri` is where it may be called."""

    def __init__(self, uri: str, folder: Path) -> None:
        self.uri = uri
        self.events: list[Event] = []
        self._folder = folder
        self._happened = asyncio.Condition()
        self._seen = 0
        self._writer: asyncio.StreamWriter | None = None

    async def dial(self, uri: str) -> None:
        await self.command("dial", uri)

    async def answer(self) -> None:
        await self.command("accept")

    async def hang_up(self) -> None:
        await self.command("hangup")

    async def press(self, digits: str) -> None:
        """Send each digit as an RFC 4733 event, at a person's pace; baresip reports nothing."""
        for digit in digits:
            await self.command("sndcode", digit)
            await asyncio.sleep(KEY_SECONDS)

    async def command(self, name: str, parameters: str = "") -> None:
        """Give a command of its menu (`/help` there lists them)."""
        if self._writer is None:
            raise RuntimeError("baresip is not connected")
        text = json.dumps({"command": name, "params": parameters}).encode()
        self._writer.write(b"%d:%s," % (len(text), text))
        await self._writer.drain()

    async def wait_for(self, kind: str, *, seconds: float = 10) -> Event:
        """Wait for the next event of this kind, such as `CALL_ESTABLISHED`; skip the others."""
        async with self._happened:
            try:
                async with asyncio.timeout(seconds):
                    while True:
                        await self._happened.wait_for(lambda: self._seen < len(self.events))
                        self._seen += 1
                        if self.events[self._seen - 1]["type"] == kind:
                            return self.events[self._seen - 1]
            except TimeoutError:
                kinds = [event["type"] for event in self.events]
                raise AssertionError(f"no {kind} within {seconds} s, but {kinds}") from None

    def heard(self) -> Path:
        """Find the WAV file of what the last call heard; whole once the call is closed."""
        return max(self._folder.glob("dump-*-dec.wav"), key=lambda path: path.stat().st_mtime_ns)

    def speak_to(self, writer: asyncio.StreamWriter) -> None:
        """Give commands there from now on."""
        self._writer = writer

    async def listen(self, reader: asyncio.StreamReader) -> None:
        """Read what baresip reports until it ends."""
        while length := (await reader.readuntil(b":"))[:-1]:
            frame = json.loads(await reader.readexactly(int(length)))
            await reader.readexactly(1)
            if frame.get("event"):
                async with self._happened:
                    self.events.append(frame)
                    self._happened.notify_all()


@asynccontextmanager
async def softphone(
    *,
    user: str = "tester",
    registrar: str | None = None,
    password: str = "",
    speaks: str = "ausine,440",
    answers: str = "manual",
    domain: str | None = None,
    transport: str = "udp",
    every: int = 60,
) -> AsyncIterator[Softphone]:
    """Run a softphone until the block ends.

    With a `registrar` (host:port) it registers there as `user` of `domain` by `transport`, anew
    before `every` seconds are over. `speaks` is the sound it sends:
    `ausine,HERTZ`, or `aufile,PATH` of a WAV file of 8,000 Hz. It `answers` by hand (`manual`), at
    once (`auto`), or with `early` media.
    """
    baresip = require("baresip", package="baresip-core")
    # In this order: baresip takes the port beside its own, too, for TLS.
    control, port = free_port(socket.SOCK_STREAM, rested=True), free_port()
    with TemporaryDirectory(prefix="opentact-baresip-") as temporary:
        folder = Path(temporary)
        home = domain or registrar or f"{LOOPBACK}:{port}"
        account = f"<sip:{user}@{home};transport={transport}>;auth_pass={password}"
        account += f";answermode={answers};regint={every if registrar else 0}"
        account += f';outbound="sip:{registrar};transport={transport}"\n' if domain else "\n"
        (folder / "accounts").write_text(account)
        (folder / "contacts").touch()
        (folder / "config").write_text(_config(folder, port, control, speaks))
        phone = Softphone(f"sip:{user}@{LOOPBACK}:{port}", folder)
        async with _running(baresip, folder, control, phone):
            yield phone


@asynccontextmanager
async def _running(
    baresip: str, folder: Path, control: int, phone: Softphone
) -> AsyncIterator[None]:
    with (folder / "screen").open("wb") as screen:
        process = await asyncio.create_subprocess_exec(
            *dying_with_us([baresip, "-f", str(folder)]),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=screen,
            stderr=screen,
            cwd=folder,
        )
    try:
        reader, writer = await _connect(control, process, folder / "screen")
        phone.speak_to(writer)
        listening = asyncio.create_task(phone.listen(reader))
        try:
            yield
        finally:
            listening.cancel()
            writer.close()
            await asyncio.gather(listening, writer.wait_closed(), return_exceptions=True)
    finally:
        await _end(process)


async def _connect(
    port: int, process: asyncio.subprocess.Process, screen: Path
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    for _ in range(int(STOP_SECONDS / 0.05)):
        try:
            return await asyncio.open_connection(LOOPBACK, port, limit=LONGEST_FRAME)
        except ConnectionRefusedError:
            if process.returncode is not None:
                break
            await asyncio.sleep(0.05)
    said = screen.read_text(errors="replace")  # noqa: ASYNC240 - the end of the test, nobody waits
    raise RuntimeError(f"baresip did not start:\n{said}")


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.terminate()
    try:
        async with asyncio.timeout(STOP_SECONDS):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()


def _config(folder: Path, port: int, control: int, speaks: str) -> str:
    modules = next((path for path in MODULE_FOLDERS if Path(path).is_dir()), MODULE_FOLDERS[0])
    rate, channels = (48_000, 2) if speaks.startswith("ausine") else (8_000, 1)
    lines = [
        f"sip_listen {LOOPBACK}:{port}",
        f"ctrl_tcp_listen {LOOPBACK}:{control}",
        f"module_path {modules}",
        *(f"module {name}.so" for name in MODULES),
        "module_tmp uuid.so",
        *(f"module_app {name}.so" for name in APPLICATIONS),
        f"audio_source {speaks}",
        f"ausrc_srate {rate}",
        f"ausrc_channels {channels}",
        # A player is needed for a call to start; this one is a pipe nobody reads.
        "audio_player aubridge,heard",
        "audio_alert aubridge,alert",
        f"snd_path {folder}",
        "audio_telev_pt 101",
    ]
    return "\n".join(lines) + "\n"
